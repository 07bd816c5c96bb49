/** More of what `src/node` builds on, in plain Node: descriptors, adoption, paths. */
import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import {
  cleanUp,
  emptyWrite,
  folder,
  pair,
  pass,
  stuff,
  until,
  watch,
} from "../support/raw-pair.ts";

describe("node facts: descriptors and writes", () => {
  it("F10: open answers the lowest free number", () => {
    const taken = [0, 1, 2, 3].map(() => openSync("/dev/null", "r"));
    cleanUp.push(() => {
      for (const fd of taken) closeSync(fd);
    });
    const used = new Set(readdirSync("/proc/self/fd").map(Number));
    const freed = taken.splice(1, 1)[0]!;
    closeSync(freed);
    used.delete(freed);
    const lowest = openSync("/dev/null", "r");
    taken.push(lowest);
    expect(lowest).toBeLessThanOrEqual(freed);
    for (let fd = 0; fd < lowest; fd++) expect(used.has(fd)).toBe(true);
  });

  it.each(["tcp", "unix"] as const)(
    "F15, %s: a write that the kernel takes at once shows as writableLength 0 when it returns",
    async (family) => {
      const { near, far } = await pair(family);
      far.resume();
      let done = false;
      near.write(Buffer.alloc(1000), () => (done = true));
      expect([near.writableLength, done]).toEqual([0, false]);
      near.cork();
      for (let i = 0; i < 10; i++) near.write(Buffer.alloc(100));
      expect(near.writableLength).toBe(1000);
      near.uncork();
      expect(near.writableLength).toBe(0);
      await pass();
      expect(done).toBe(true);
      await until(() => far.bytesRead === 2000);
    },
  );

  it("F15: one that it does not take leaves writableLength above 0 until it has", async () => {
    const { near, far } = await pair("tcp");
    far.pause();
    await stuff(near);
    expect(near.writableLength).toBeGreaterThan(0);
    far.resume();
    await until(() => near.writableLength === 0);
  });
});

describe("node facts: adoption and paths", () => {
  it("F22: allowHalfOpen may be flipped on a live socket before its end", async () => {
    const { near, far } = await pair("tcp", { allowHalfOpen: false });
    const log = watch(near);
    near.allowHalfOpen = true;
    near.resume();
    far.end("x");
    await until(() => log.includes("end"));
    for (let i = 0; i < 10; i++) await pass();
    expect([near.writable, near.destroyed]).toEqual([true, false]);
    expect(await emptyWrite(near)).toBe("ok");
  });

  it("F22: so may allowHalfOpen and pauseOnConnect of a server that listens", async () => {
    const server = net.createServer();
    cleanUp.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    Object.assign(server, { allowHalfOpen: true, pauseOnConnect: true });
    const accepted = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
    const { port } = server.address() as net.AddressInfo;
    const far = net.connect(port, "127.0.0.1");
    const near = await accepted;
    cleanUp.push(() => {
      near.destroy();
      far.destroy();
    });
    expect([near.allowHalfOpen, near.isPaused()]).toEqual([true, true]);
  });

  it("F22: bytes and FIN that came before are delivered", async () => {
    const { near, far } = await pair("tcp");
    far.end("before");
    for (let i = 0; i < 20; i++) await pass();
    const log = watch(near);
    near.resume();
    await until(() => log.includes("end"));
    expect(log).toEqual(["data 6", "end"]);
  });

  it("F22: two data listeners get the same Buffer; http.Server has a connection listener", async () => {
    const { near, far } = await pair("tcp");
    const seen: Buffer[] = [];
    near.on("data", (chunk: Buffer) => seen.push(chunk));
    near.on("data", (chunk: Buffer) => seen.push(chunk));
    near.resume();
    far.write("x");
    await until(() => seen.length === 2);
    expect(seen[0]).toBe(seen[1]);
    const { createServer } = await import("node:http");
    expect(createServer().listenerCount("connection")).toBe(1);
  });

  it("F23: resetAndDestroy throws on a Unix-domain socket", async () => {
    const { near } = await pair("unix");
    expect(() => near.resetAndDestroy()).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_HANDLE_TYPE" }) as Error,
    );
  });

  it("F25: a Unix path that is too long is not refused by Node 20: it is cut to 108 bytes", async () => {
    const path = join(folder, "x".repeat(207 - folder.length - 1));
    const server = net.createServer();
    const failed = await new Promise<Error | null>((resolve) => {
      server.on("error", resolve);
      server.listen(path, () => resolve(null));
    });
    cleanUp.push(() => server.close());
    const cut = readdirSync(folder).filter((name) => name.startsWith("xxx"));
    // Later Nodes refuse it; then our own check is merely the clearer message.
    if (failed !== null) expect((failed as NodeJS.ErrnoException).code).toMatch(/^E/);
    else expect(cut.map((name) => join(folder, name).length)).toEqual([108]);
  });

  it("a server that listens at a path unlinks whatever is there when it closes", async () => {
    const path = join(folder, "unlinked");
    const first = net.createServer();
    await new Promise<void>((resolve) => first.listen(path, resolve));
    rmSync(path);
    const second = net.createServer();
    await new Promise<void>((resolve) => second.listen(path, resolve));
    first.close();
    await pass();
    expect(readdirSync(folder)).not.toContain("unlinked");
    second.close();
  });
});
