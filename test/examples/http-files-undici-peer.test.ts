/** Files of the HTTP server, with undici: many requests on few connections. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client, Pool } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { digest, sample } from "./file-server-samples.ts";
import { endFilesServer, openFilesServer, type FilesServer } from "./http-files-process.ts";
import { cleanUp } from "./programs.ts";

afterAll(cleanUp);

const SIZES = [0, 1, 1000, 128 * 1024, 128 * 1024 + 1, 3_000_000];

describe("real peer: undici", () => {
  let server: FilesServer;

  beforeAll(async () => {
    server = await openFilesServer();
    for (const size of SIZES) await writeFile(join(server.root, `${size}`), sample(size));
  });

  afterAll(() => endFilesServer(server));

  test("requests that are sent before the answers come are answered in order", async () => {
    const client = new Client(server.url, { pipelining: 8 });
    const all = Array.from({ length: 60 }, async (_, i) => {
      const size = SIZES[i % SIZES.length]!;
      const method = i % 7 === 0 ? "HEAD" : "GET";
      const { statusCode, headers, body } = await client.request({ method, path: `/${size}` });
      const got = Buffer.from(await body.arrayBuffer());
      expect([statusCode, headers["content-length"]]).toEqual([200, `${size}`]);
      expect(digest(got)).toBe(digest(method === "HEAD" ? Buffer.alloc(0) : sample(size)));
    });
    await Promise.all(all);
    await client.close();
  });

  test("parts of a file that are asked for at once make the whole", async () => {
    const pool = new Pool(server.url, { connections: 4 });
    const size = 3_000_000;
    const parts = Array.from({ length: 10 }, async (_, i) => {
      const range = `bytes=${(i * size) / 10}-${((i + 1) * size) / 10 - 1}`;
      const { statusCode, body } = await pool.request({
        method: "GET",
        path: `/${size}`,
        headers: { range },
      });
      expect(statusCode).toBe(206);
      return Buffer.from(await body.arrayBuffer());
    });
    const hash = createHash("sha256");
    for (const part of await Promise.all(parts)) hash.update(part);
    expect(hash.digest("hex")).toBe(digest(sample(size)));
    await pool.close();
  });

  test("a download that is given up leaves the server as it was", async () => {
    const client = new Client(server.url);
    const { body } = await client.request({ method: "GET", path: "/3000000" });
    for await (const _ of body) break;
    await client.destroy();
    const again = new Client(server.url);
    const { body: whole } = await again.request({ method: "GET", path: "/3000000" });
    expect((await whole.arrayBuffer()).byteLength).toBe(3_000_000);
    await again.close();
  });
});
