/** The interactive file client in a pipe: commands line by line, and what a script needs to know. */
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { MAX_LINE_BYTES } from "../../examples/ftp/client/pipe.ts";
import { addressOf, clientPlace, runFileClient, type ClientPlace } from "./file-client-process.ts";
import { ANN, openUsersServer, type FileServer } from "./file-server-process.ts";
import { cleanUp, type Running } from "./programs.ts";

let server: FileServer;

beforeAll(async () => {
  server = await openUsersServer("--session-bytes-per-second", "1000000");
  writeFileSync(join(server.root, "hello.txt"), "hello\n");
  writeFileSync(join(server.root, "long.bin"), Buffer.alloc(60_000_000));
  mkdirSync(join(server.root, "pub"));
});

afterAll(cleanUp);

interface Said {
  readonly code: number | null;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

async function endOf(client: Running): Promise<Said> {
  const { code } = await client.ended;
  return { code, out: client.out.lines, err: client.err.lines };
}

/** Runs the client on these lines, and no more. */
function obey(place: ClientPlace, lines: readonly string[], ...flags: string[]): Promise<Said> {
  const client = runFileClient(place, ...flags, addressOf(server));
  client.child.stdin!.end(lines.map((line) => `${line}\n`).join(""));
  return endOf(client);
}

const connected = (): string => `connected to ${server.host}:${server.port}`;

describe("commands in a pipe", () => {
  test("are obeyed in their order; what was asked for goes to stdout, all else to stderr", async () => {
    const place = clientPlace();
    const { code, out, err } = await obey(place, [
      "pwd",
      "",
      "# no command",
      "cd pub",
      "pwd",
      "get ../hello.txt",
    ]);
    expect([code, out]).toEqual([0, ["/", "/pub"]]);
    expect(err.map((line) => line.replace(/in .*/, "in TIME"))).toEqual([
      connected(),
      "got hello.txt: 6 B in TIME",
    ]);
    expect(readFileSync(join(place.folder, "hello.txt"), "utf8")).toBe("hello\n");
  });

  test("the last of which need not end with a line feed", async () => {
    const client = runFileClient(clientPlace(), addressOf(server));
    client.child.stdin!.end("pwd");
    expect(await endOf(client)).toEqual({ code: 0, out: ["/"], err: [connected()] });
  });

  test("may come one by one, each when the answer to the last has been read", async () => {
    const client = runFileClient(clientPlace(), "-q", addressOf(server));
    const { stdin } = client.child;
    stdin!.write("pwd\n");
    await client.out.until("/");
    stdin!.write("cd pub\npw");
    stdin!.write("d\r\n");
    await client.out.until("/pub");
    stdin!.write("quit\npwd\n");
    expect(await endOf(client)).toEqual({ code: 0, out: ["/", "/pub"], err: [] });
  });

  test("end with the first that fails: its exit status, its line, and nothing after it", async () => {
    const { code, out, err } = await obey(
      clientPlace(),
      ["pwd", "cd nowhere", "rm hello.txt"],
      "-q",
    );
    expect([code, out, err.length]).toEqual([6, ["/"], 1]);
    expect(err[0]).toMatch(/^file-client: line 2: nowhere: no such file or folder/);
    expect(readFileSync(join(server.root, "hello.txt"), "utf8")).toBe("hello\n");
  });

  test("that nobody understands fail with 2", async () => {
    expect(await obey(clientPlace(), ["gte x"], "-q")).toEqual({
      ...{ code: 2, out: [] },
      err: ["file-client: line 1: gte: there is no such command; `help` tells which there are"],
    });
  });

  test("that are too long are refused", async () => {
    expect(await obey(clientPlace(), [`# ${"x".repeat(MAX_LINE_BYTES)}`], "-q")).toEqual({
      ...{ code: 2, out: [] },
      err: [`file-client: line 1: a line has more than ${MAX_LINE_BYTES} bytes`],
    });
  });
});

describe("a script that is ended", () => {
  test("by SIGINT in the middle of a transfer ends with 130", async () => {
    const place = clientPlace();
    const client = runFileClient(place, "-q", addressOf(server));
    client.child.stdin!.write("pwd\nget long.bin\npwd\n");
    await client.out.until("/");
    client.child.kill("SIGINT");
    const { code, out } = await endOf(client);
    expect([code, out]).toEqual([130, ["/"]]);
  });

  test("by SIGTERM ends with 143", async () => {
    const client = runFileClient(clientPlace(), addressOf(server));
    await client.err.until(connected());
    client.child.kill("SIGTERM");
    expect(await endOf(client)).toEqual({ code: 143, out: [], err: [connected()] });
  });

  test("because nobody reads it ends with 141", async () => {
    const client = runFileClient(clientPlace(), "-q", addressOf(server));
    client.child.stdout!.destroy();
    await once(client.child.stdout!, "close");
    client.child.stdin!.write("pwd\npwd\n");
    expect((await client.ended).code).toBe(141);
  });
});

test("a password is never read from the commands", async () => {
  const client = runFileClient(clientPlace(), addressOf(server, "", ANN.name));
  client.child.stdin!.end(`${ANN.password}\npwd\n`);
  const { code, out, err } = await endOf(client);
  expect([code, out, err.length]).toEqual([5, [], 1]);
  expect(err[0]).toMatch(/^file-client: no password of "ann"/);
});

test("a password of the environment lets a script in", async () => {
  const place = clientPlace({ IOMUX_FTP_PASSWORD: ANN.password });
  const client = runFileClient(place, "-q", addressOf(server, "", ANN.name));
  client.child.stdin!.end("mkdir by-ann\nrmdir by-ann\npwd\n");
  expect(await endOf(client)).toEqual({ code: 0, out: ["/"], err: [] });
});
