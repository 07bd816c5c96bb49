/** Folders in addresses: of the page behind `#files`, and of the console's interface. */

/** The names on the way to a folder; of the root none. */
export type Folder = readonly string[];

/** `rest` of the route; what cannot be read is the root. */
export function folderOf(rest: string): Folder {
  try {
    return rest
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    return [];
  }
}

export function encoded(names: readonly string[]): string {
  return names.map(encodeURIComponent).join("/");
}

/** With a slash at its end. */
export function folderPath(base: string, folder: Folder): string {
  return folder.length === 0 ? `${base}/` : `${base}/${encoded(folder)}/`;
}

export function filePath(folder: Folder, name: string): string {
  return `${folderPath("/files", folder)}${encodeURIComponent(name)}`;
}
