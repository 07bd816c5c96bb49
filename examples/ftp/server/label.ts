/** The label of all descriptors of the file server, its data connections among them. */
export const LABEL = "ftp";
