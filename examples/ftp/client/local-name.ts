/** The name that a remote file gets here: one that stays in the folder, and that no terminal obeys. */

/** The last part of a remote path, or null if it cannot be a name in a folder of ours. */
export function localName(remote: string): string | null {
  const name = remote.split("/").at(-1)!;
  if (name === "" || name === "." || name === "..") return null;
  // A backslash leads elsewhere on some systems, and a name that begins with a dash is a flag.
  if (/[\\\p{Cc}\p{Cs}]/u.test(name) || Buffer.byteLength(name) > 255) return null;
  return name;
}
