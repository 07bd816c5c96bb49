import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createReactor, type Listener, type Reactor } from "iomux";

import { runScript } from "../support/child.ts";

/** unix(7): sun_path has 108 bytes, one of which ends it. */
const MAX_BYTES = 107;

let folder: string;
let path: string;
let reactor: Reactor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "iomux-path-"));
  path = join(folder, "chat.sock");
  reactor = createReactor();
});

afterEach(async () => {
  await reactor.close({ drainMs: 0 });
  rmSync(folder, { recursive: true, force: true });
});

/** Says who answers at `path`: what it sends, or the code of the failure. */
function ask(at = path): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: at });
    socket.on("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code!));
    socket.on("end", () => resolve("nothing"));
  });
}

/** Listens and tells everybody who asks its name. */
async function serve(name: string, at = path, on = reactor): Promise<Listener> {
  const listener = await on.listen({ path: at });
  on.register(listener, 1, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      peer.write(Buffer.from(name));
      peer.close();
    }
  });
  return listener;
}

/** A socket whose server was killed: a process of its own, by SIGKILL. */
async function deadSocket(at = path): Promise<void> {
  const child = await runScript(
    `require("net").createServer().listen(process.argv[1], () => console.log("up"))`,
    at,
  );
  await child.kill("SIGKILL");
  expect([lstatSync(at).isSocket(), await ask(at)]).toEqual([true, "ECONNREFUSED"]);
}

describe("26, H29: a Unix path", () => {
  it("with nothing there: is listened at, and removed at close", async () => {
    const listener = await serve("first");
    expect(listener.localAddress).toEqual({ family: "unix", path });
    expect(await ask()).toBe("first");
    expect(readdirSync(folder)).toEqual(["chat.sock"]);
    listener.close();
    await listener.closed;
    expect(readdirSync(folder)).toEqual([]);
  });

  it("left by a process that was killed: is taken over, and removed at close", async () => {
    await deadSocket();
    const listener = await serve("heir");
    expect(listener.localAddress).toEqual({ family: "unix", path });
    expect(await ask()).toBe("heir");
    expect(readdirSync(folder)).toEqual(["chat.sock"]);
    listener.close();
    await listener.closed;
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of a live server: is EADDRINUSE, and that server is left alone", async () => {
    const server = net.createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("alive");
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await expect(reactor.listen({ path })).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: expect.stringContaining(path) as string,
    });
    expect(await ask()).toBe("alive");
    expect(readdirSync(folder)).toEqual(["chat.sock"]);
    server.close();
  });

  it("of a listener of our own: is EADDRINUSE", async () => {
    await serve("mine");
    await expect(reactor.listen({ path })).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(await ask()).toBe("mine");
  });

  it("of a live server whose queue is full: is EADDRINUSE", async () => {
    const child = await runScript(
      `require("net").createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log("up"))`,
      path,
    );
    await child.kill("SIGSTOP");
    const fillers = [0, 1, 2, 3].map(() => net.connect({ path }).on("error", () => undefined));
    try {
      await expect(reactor.listen({ path })).rejects.toMatchObject({ code: "EADDRINUSE" });
      expect(lstatSync(path).isSocket()).toBe(true);
    } finally {
      for (const filler of fillers) filler.destroy();
      await child.kill("SIGKILL");
    }
  });

  it("that is a regular file: is an error, and left alone", async () => {
    writeFileSync(path, "precious");
    await expect(reactor.listen({ path })).rejects.toMatchObject({
      code: "IOMUX_NOT_A_SOCKET",
      message: expect.stringContaining(path) as string,
    });
    expect(readFileSync(path, "utf8")).toBe("precious");
    expect(readdirSync(folder)).toEqual(["chat.sock"]);
  });

  it("that is a directory: is an error, and left alone", async () => {
    mkdirSync(path);
    writeFileSync(join(path, "inside"), "precious");
    await expect(reactor.listen({ path })).rejects.toMatchObject({ code: "IOMUX_NOT_A_SOCKET" });
    expect(readdirSync(path)).toEqual(["inside"]);
  });

  it.each(["a file", "nothing", "a dead socket"])(
    "that is a symlink to %s: is an error, and both are left alone",
    async (target) => {
      const real = join(folder, "real");
      if (target === "a file") writeFileSync(real, "precious");
      if (target === "a dead socket") await deadSocket(real);
      symlinkSync(real, path);
      const before = readdirSync(folder);
      await expect(reactor.listen({ path })).rejects.toMatchObject({ code: "IOMUX_NOT_A_SOCKET" });
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
      expect(readdirSync(folder)).toEqual(before);
    },
  );

  it("in a folder that does not exist: is ENOENT", async () => {
    const missing = join(folder, "missing", "chat.sock");
    await expect(reactor.listen({ path: missing })).rejects.toMatchObject({ code: "ENOENT" });
    expect(reactor.stats().open).toBe(0);
  });

  it.each([
    ["of one-byte letters", "x"],
    ["of three-byte letters", "張"],
  ])("too long in bytes throws, and the longest there may be works: %s", async (_, letter) => {
    const size = Buffer.byteLength(letter);
    const room = MAX_BYTES - Buffer.byteLength(folder) - 1;
    const letters = Math.floor(room / size);
    const longest = join(folder, letter.repeat(letters).padEnd(letters + (room % size), "y"));
    expect(Buffer.byteLength(longest)).toBe(MAX_BYTES);
    await serve("longest", longest);
    expect(await ask(longest)).toBe("longest");
    expect(existsSync(longest)).toBe(true);

    const tooLong = `${longest}z`;
    const wrong = expect.objectContaining({
      name: "IomuxRangeError",
      code: "IOMUX_BAD_RANGE",
      message: expect.stringContaining("108 bytes") as string,
    }) as Error;
    expect(() => reactor.listen({ path: tooLong })).toThrow(wrong);
    expect(() => reactor.connect({ path: tooLong })).toThrow(wrong);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("of the longest length left by a killed process: is taken over", async () => {
    const longest = join(folder, "x".repeat(MAX_BYTES - Buffer.byteLength(folder) - 1));
    await deadSocket(longest);
    await serve("heir", longest);
    expect(await ask(longest)).toBe("heir");
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("in a folder whose path leaves few bytes for a name: still taken over", async () => {
    const deep = join(folder, "d".repeat(MAX_BYTES - Buffer.byteLength(folder) - 1 - 3));
    mkdirSync(deep);
    const short = join(deep, "s");
    expect(Buffer.byteLength(short)).toBe(MAX_BYTES - 1);
    await deadSocket(short);
    await serve("heir", short);
    expect(await ask(short)).toBe("heir");
    expect(readdirSync(deep)).toEqual(["s"]);
  });

  it("with a NUL byte throws: abstract sockets are not supported", () => {
    for (const abstract of ["\0abstract", join(folder, "a\0b")]) {
      expect(() => reactor.listen({ path: abstract })).toThrow(TypeError);
      expect(() => reactor.connect({ path: abstract })).toThrow(TypeError);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)(
    "without permission: is EACCES, and left alone (root may do everything: not shown as root)",
    async () => {
      await deadSocket();
      chmodSync(folder, 0o500);
      try {
        await expect(reactor.listen({ path })).rejects.toMatchObject({ code: "EACCES" });
        expect(lstatSync(path).isSocket()).toBe(true);
      } finally {
        chmodSync(folder, 0o700);
      }
    },
  );
});

describe("26, H29: two servers at one Unix path", () => {
  it.each(["nothing", "a dead socket"])(
    "at once, %s there: one listens, the others are told",
    async (there) => {
      for (let round = 0; round < 5; round++) {
        if (there === "a dead socket") await deadSocket();
        const reactors = [0, 1, 2].map(() => createReactor());
        const results = await Promise.allSettled(
          reactors.map((own, i) => serve(`server ${i}`, path, own)),
        );
        const winners = results.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
        expect(winners).toHaveLength(1);
        for (const result of results) {
          if (result.status === "rejected")
            expect(result.reason).toMatchObject({ code: "EADDRINUSE" });
        }
        expect(await ask()).toBe(`server ${winners[0]}`);
        for (const own of reactors) await own.close();
        expect(readdirSync(folder)).toEqual([]);
      }
    },
  );

  it("one after the other: the second takes the path only once the first is closed", async () => {
    const first = await serve("first");
    await expect(reactor.listen({ path })).rejects.toMatchObject({ code: "EADDRINUSE" });
    first.close();
    await first.closed;
    await serve("second");
    expect(await ask()).toBe("second");
  });

  it.each(["nothing was", "a dead socket was"])(
    "replaced by another while it listened (%s there): that one is not removed",
    async (there) => {
      if (there === "a dead socket was") await deadSocket();
      const first = await serve("first");
      const server = net.createServer((socket) => socket.end("usurper"));
      const beside = join(folder, "beside");
      await new Promise<void>((resolve) => server.listen(beside, resolve));
      renameSync(beside, path);
      first.close();
      await first.closed;
      expect(await ask()).toBe("usurper");
      server.close();
    },
  );

  it("removed while it listened: closing is no error", async () => {
    const first = await serve("first");
    rmSync(path);
    first.close();
    expect(await first.closed).toBeNull();
  });

  it("a file that took its place is not removed", async () => {
    const first = await serve("first");
    rmSync(path);
    writeFileSync(path, "precious");
    first.close();
    await first.closed;
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  it("a hard link to the socket of a live server is respected", async () => {
    await serve("first");
    const link = join(folder, "link.sock");
    linkSync(path, link);
    await expect(reactor.listen({ path: link })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
