/** Paths on the server, of which only the slash is known. */

/** `a/b` is `b` in `a`; `/b` is in `/`, and `b` in "": wherever the session stands. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const at = path.lastIndexOf("/");
  if (at === -1) return { folder: "", name: path };
  return { folder: at === 0 ? "/" : path.slice(0, at), name: path.slice(at + 1) };
}

export function joinPath(folder: string, name: string): string {
  if (folder === "") return name;
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}
