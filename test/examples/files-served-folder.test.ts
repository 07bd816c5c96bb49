/** A folder that is served is closed when nobody can come to it. */
import { expect, it } from "vitest";

import type { FileStore } from "../../examples/files/file-store.ts";
import { orClose } from "../../examples/files/served-folder.ts";

function closable() {
  const calls: string[] = [];
  const store = { close: async () => void calls.push("closed") } as unknown as FileStore;
  return { calls, store };
}

it("the folder of what cannot be opened is closed before that is told", async () => {
  const { calls, store } = closable();
  const failed = new Error("the port is taken");
  const opening = orClose(store, Promise.reject(failed)).catch((error: unknown) => {
    calls.push("told");
    throw error;
  });
  await expect(opening).rejects.toBe(failed);
  expect(calls).toEqual(["closed", "told"]);
  await expect(orClose(null, Promise.reject(failed))).rejects.toBe(failed);
});

it("the folder of what is open stays open", async () => {
  const { calls, store } = closable();
  expect(await orClose(store, Promise.resolve("server"))).toBe("server");
  expect(calls).toEqual([]);
});
