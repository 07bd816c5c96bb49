/** Datagrams spoken to with netcat. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

import { describe, expect, it } from "vitest";

import { createReactor, READABLE } from "iomux";

import { addressOf } from "../support/datagrams.ts";

/** Not every netcat says of itself which it is. */
function hasNetcat(): boolean {
  const { error, stderr } = spawnSync("nc", ["-h"], { encoding: "utf8" });
  return error === undefined && stderr.includes("OpenBSD");
}

const absent = process.env.IOMUX_REQUIRE_PEERS !== "1" && !hasNetcat();

describe.skipIf(absent)("real peer: nc -u", () => {
  it("each line that is typed is a datagram, and is answered", async () => {
    const reactor = createReactor();
    const datagram = await reactor.bind({ port: 0 });
    const heard: string[] = [];
    reactor.register(datagram, READABLE, () => {
      for (let next = datagram.receive(); next !== null; next = datagram.receive()) {
        heard.push(next.bytes.toString());
        datagram.send(Buffer.from(next.bytes.toString().toUpperCase()), next.from);
      }
    });
    const nc = spawn("nc", ["-u", "127.0.0.1", `${addressOf(datagram).port}`]);
    try {
      for (const line of ["hello\n", "again\n"]) {
        nc.stdin.write(line);
        const [answer] = (await once(nc.stdout, "data")) as [Buffer];
        expect(answer.toString()).toBe(line.toUpperCase());
      }
      expect(heard).toEqual(["hello\n", "again\n"]);
    } finally {
      nc.kill();
      await reactor.close({ drainMs: 0 });
    }
  });

  it("one that listens hears what a socket with a peer sends", async () => {
    const reactor = createReactor();
    const free = await reactor.bind({ port: 0 });
    const { port } = addressOf(free);
    free.close();
    const nc = spawn("nc", ["-u", "-l", "127.0.0.1", `${port}`]);
    try {
      const datagram = await reactor.bind({ port: 0 }, { peer: { port } });
      let said = "";
      nc.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
      // Until nc is up nobody receives there, which is told; so it is tried again.
      while (said === "") {
        datagram.send(Buffer.from("hello\n"));
        await new Promise((resolve) => reactor.setTimer(10, () => resolve(null)));
      }
      expect(said).toMatch(/^(hello\n)+$/);
      expect(datagram.state).toBe("open");
    } finally {
      nc.kill();
      await reactor.close({ drainMs: 0 });
    }
  });
});
