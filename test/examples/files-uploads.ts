/**
 * A process that uploads to a folder: `files-uploads.ts ROOT COUNT BYTES`. It prints "ready" when each
 * of COUNT uploads has got BYTES, or the code of the error, and then stays.
 */
import { openDiskStore } from "../../examples/files/disk-store.ts";
import { StoreError } from "../../examples/files/file-store.ts";

const [root, count, bytes] = process.argv.slice(2) as [string, string, string];
const store = await openDiskStore(root);

async function upload(path: string): Promise<string> {
  try {
    const upload = await store.openUpload(path, { kind: "replace" });
    await upload.write(Buffer.alloc(Number(bytes), "new"));
    return "ready";
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}

const results = await Promise.all(
  Array.from({ length: Number(count) }, (_, i) => upload(`/folder/file ${i}`)),
);
console.log([...new Set(results)].join(" "));
setInterval(() => {}, 1_000_000);
