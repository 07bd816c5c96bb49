/** A folder of the disk that a program serves: opened at its start, and tidied while it runs. */
import type { Reactor } from "iomux";

import { openDiskStore } from "./disk-store.ts";
import type { FileStore } from "./file-store.ts";

const HOUR_MS = 3_600_000;

/** Without what servers that crashed have left. Rejects with one line if it cannot be served. */
export async function openRoot(root: string): Promise<FileStore> {
  const store = await openDiskStore(root).catch((error: unknown) => {
    const why = (error as Error).message;
    throw new Error(`--root ${root} cannot be served: ${why}; give a folder that you may read`, {
      cause: error,
    });
  });
  await store.cleanUp();
  return store;
}

/** What `opening` answers. If it fails, the folder that it was for is closed. */
export async function orClose<T>(store: FileStore | null, opening: Promise<T>): Promise<T> {
  return opening.catch(async (error: unknown) => {
    await store?.close();
    throw error;
  });
}

/** What crashes of other servers of the same folder leave meanwhile. */
export function cleanUpHourly(
  reactor: Reactor,
  store: FileStore,
  complain: (error: unknown) => void,
): void {
  const timer = reactor.setTimer(HOUR_MS, () => {
    store.cleanUp().catch(complain);
    timer.refresh();
  });
  timer.unref();
}
