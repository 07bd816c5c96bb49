/** Heads of answers. */

/** Names and values of an answer, in order; several of one name are several lines. */
export type ResponseFields = readonly (readonly [name: string, value: string])[];

/**
 * How an answer's body is framed: so many bytes, chunks (up to the end of the connection for a 1.0
 * client), or none at all.
 */
export type ResponseBody = number | "chunked" | "none";
