/** The UDP server spoken to from Python, with nothing but `struct` and `socket`. */
import { spawnSync } from "node:child_process";

import { afterAll, describe, expect, it } from "vitest";

import { cleanUp, finish } from "./programs.ts";
import { openUdpServer } from "./udp-process.ts";

const PYTHON = "/usr/bin/python3";
const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" && spawnSync(PYTHON, ["--version"]).error !== undefined;

/** A client after docs/udp.md; it prints what it finds. */
const CLIENT = `
import os, socket, struct, sys, time
host, port = sys.argv[1], int(sys.argv[2])
HEADER = struct.Struct('!2sBBQQQ16sIBxH')
family = socket.AF_INET6 if ':' in host else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.settimeout(10)
udp.connect((host, port))
client = int.from_bytes(os.urandom(8), 'big')

def pack(kind, ticket=(0, 0, b''), number=0, key=b'', value=b'', version=1):
    return HEADER.pack(b'kv', version, kind, client, *ticket, number, len(key), len(value)) + key + value

def ask(datagram):
    udp.send(datagram)
    answer = udp.recv(65535)
    magic, version, kind, who, incarnation, issued, seal, number, keys, values = HEADER.unpack_from(answer)
    assert (magic, version, who) == (b'kv', 1, client) and len(answer) == HEADER.size + keys + values
    return kind, (incarnation, issued, seal), number, answer[HEADER.size:]

kind, ticket, number, value = ask(pack(0x01, value=bytes(4)))
assert (kind, number, len(value)) == (0x81, 0, 4), kind
print('remembers', *struct.unpack('!I', value))
add = pack(0x05, ticket, 1, b'visits')
print('incr', *[value.decode() for _ in range(3) for _, _, _, value in [ask(add)]])
print('set', hex(ask(pack(0x03, ticket, 2, b'\\x00\\xff', bytes(range(256))))[0]))
print('get', ask(pack(0x02, ticket, 3, b'\\x00\\xff'))[3] == bytes(range(256)))
print('del', hex(ask(pack(0x04, ticket, 4, b'nothing'))[0]))
kind, _, number, value = ask(pack(0x06, ticket, 5))
print('time', number, abs(struct.unpack('!Q', value)[0] / 1000 - time.time()) < 60)
udp.send(add)  # late: nobody answers, so the next answer is that to the next request
print('version', hex(ask(pack(0x06, ticket, 6, version=2))[0]))
print('forged', hex(ask(pack(0x06, (ticket[0], ticket[1], bytes(16)), 6))[0]))
`;

afterAll(cleanUp);

describe.skipIf(absent)("real peer: python3", () => {
  it.each(["127.0.0.1", "::1"])("speaks the protocol at %s", { timeout: 60_000 }, async (host) => {
    const server = await openUdpServer("--host", host);
    const { out, err } = await finish(PYTHON, ["-c", CLIENT, host, `${server.port}`]);
    expect(err).toBe("");
    expect(out.toString().trimEnd().split("\n")).toEqual([
      ...["remembers 60000", "incr 1 1 1", "set 0x82", "get True", "del 0x83"],
      ...["time 5 True", "version 0x91", "forged 0x94"],
    ]);
  });

  it.each(["127.0.0.1", "::1"])(
    "the line that the server prints asks it for the time, at %s",
    { timeout: 60_000 },
    async (host) => {
      const server = await openUdpServer("--host", host);
      const line = server.out.lines.find((one) => one.startsWith("The time, "))!;
      const command = line.replace(/^.*?: /, "").replace("python3", PYTHON);
      const times = [];
      for (let i = 0; i < 2; i++) {
        const { out, err } = await finish("sh", ["-c", command]);
        expect(err).toBe("");
        times.push(Number(out.toString()));
      }
      expect(Math.abs(times[0]! - Date.now())).toBeLessThan(60_000);
      expect(times[1]).toBeGreaterThan(times[0]!);
    },
  );
});
