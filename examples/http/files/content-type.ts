/** What a file is, by the end of its name. */
import mime from "mime-types";

/** What nobody knows more of. Browsers save it. */
const UNKNOWN = "application/octet-stream";

/** With a charset where one belongs: text is taken for UTF-8. */
export function contentTypeOf(name: string): string {
  // Alone, `html` is a name without an end; to the library it would be one.
  const dot = name.lastIndexOf(".");
  const type = dot < 1 ? false : mime.contentType(name.slice(dot));
  return type === false ? UNKNOWN : type;
}
