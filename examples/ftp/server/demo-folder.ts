/** A folder to try the server out with. */
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";

const README = `This folder is served by the file server of iomux.
Anybody on this machine may get what is here, and put new files here.
`;

/** A new one. It stays when the server ends: what was put there is its owner's. */
export async function makeDemoFolder(): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "iomux-files-"));
  await fs.writeFile(path.join(folder, "README.txt"), README);
  return folder;
}

/** Of a server that could not begin. */
export function removeDemoFolder(folder: string): Promise<void> {
  return fs.rm(folder, { recursive: true });
}
