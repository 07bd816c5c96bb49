/** A second process asks a running file server who is connected. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

import {
  MAX_ASKING_BYTES,
  MAX_WATCHERS,
  QUESTIONS_PER_SECOND,
} from "../../examples/ftp/server/status-server.ts";
import { readSettings } from "../../examples/ftp/server/flags.ts";
import type { ServerStatus } from "../../examples/ftp/server/status.ts";
import { TerminalScreen } from "./chat-client-screen.ts";
import {
  ANN,
  complaints,
  Conversation,
  endFileServer,
  FILE_SERVER,
  openFileServer,
  runFileServer,
  usersFile,
  type FileServer,
} from "./file-server-process.ts";
import { LineLog } from "./line-log.ts";
import { cleanUp, temporaryFolder, type Running } from "./programs.ts";

afterAll(cleanUp);

const missing =
  process.env.IOMUX_REQUIRE_PEERS !== "1" &&
  spawnSync("script", ["--version"], { stdio: "ignore" }).error !== undefined;

let runtime: string;

beforeEach(() => {
  runtime = temporaryFolder();
  process.env.XDG_RUNTIME_DIR = runtime;
});

async function statusOf(...flags: string[]): Promise<Running & { readonly code: number | null }> {
  const asking = runFileServer("--status", ...flags);
  const { code } = await asking.ended;
  return { ...asking, code };
}

/** A server whose status is where `--status` looks for it. */
async function openServer(...flags: string[]): Promise<FileServer> {
  return openFileServer(["--users", await usersFile(ANN), ...flags]);
}

function socketOf({ port }: FileServer): string {
  return join(runtime, "iomux-file-server", `127.0.0.1-${port}.sock`);
}

/** One who asks with a socket. */
class Asker {
  readonly socket: Socket;
  readonly log: LineLog;

  constructor(path: string) {
    this.socket = connect({ path });
    this.log = new LineLog(this.socket);
  }

  async ask(): Promise<ServerStatus> {
    this.socket.write("status\n");
    return JSON.parse(await this.log.until(/./)) as ServerStatus;
  }
}

describe("--status", () => {
  test("shows in a pipe, once, who is connected and what moves", async () => {
    const server = await openServer();
    writeFileSync(join(server.root, "large"), Buffer.alloc(8_000_000));
    const [idle, down] = [
      await Conversation.open(server, ANN),
      await Conversation.open(server, ANN),
    ];
    const data = await down.connectData();
    data.pause();
    expect(await down.say("TYPE I")).toMatch(/^200/);
    expect(await down.say("RETR large")).toMatch(/^150/);
    const asking = await statusOf("--port", String(server.port));
    expect([asking.code, complaints(asking)]).toEqual([0, []]);
    const [place, sums, , , empty, titles, first, second, ...rest] = asking.out.lines;
    expect(place).toMatch(new RegExp(`^127\\.0\\.0\\.1:${server.port}, up \\d+ s$`));
    expect(sums).toBe("2 of 1000 sessions, 1 transfer, 0 refused");
    expect([empty, titles?.split(/ +/)]).toEqual([
      "",
      ["USER", "ADDRESS", "SINCE", "DOES", "BYTES", "OF", "RATE", "AVERAGE", "PATH"],
    ]);
    expect(first).toMatch(/^ann +127\.0\.0\.1 .* RETR .* 7\.6 MiB .*B\/s .*\/s {2}\/large$/);
    expect(second).toMatch(/^ann +127\.0\.0\.1 +\S+ +idle \d+ s$/);
    expect(rest).toEqual([]);
    idle.close();
    down.close();
    await endFileServer(server);
    expect(existsSync(socketOf(server))).toBe(false);
  });

  test("asks at a socket that only this user has", async () => {
    const server = await openServer();
    const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);
    expect(lstatSync(socketOf(server)).isSocket()).toBe(true);
    expect(modeOf(socketOf(server))).toBe("600");
    expect(modeOf(join(runtime, "iomux-file-server"))).toBe("700");
    const given = join(temporaryFolder(), "status");
    const other = await openServer("--status-socket", given);
    expect(modeOf(given)).toBe("600");
    expect(existsSync(socketOf(other))).toBe(false);
    expect((await statusOf("--status-socket", given)).code).toBe(0);
    await Promise.all([endFileServer(server), endFileServer(other)]);
  });

  test("a server that was killed leaves a socket, and the next one takes it over", async () => {
    const path = join(temporaryFolder(), "status");
    const killed = await openServer("--status-socket", path);
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(existsSync(path)).toBe(true);
    const gone = await statusOf("--status-socket", path);
    expect([gone.code, complaints(gone)]).toEqual([
      ...[2, [`file-server: no file server tells its status at ${path}: ${RUNNING}`]],
    ]);
    const next = await openServer("--status-socket", path);
    expect((await statusOf("--status-socket", path)).out.lines[0]).toContain(`:${next.port},`);
    await endFileServer(next);
  });

  test("a socket of a server that lives is left to it, and the other one does not start", async () => {
    const path = join(temporaryFolder(), "status");
    const server = await openServer("--status-socket", path);
    const second = runFileServer(
      ...["--root", temporaryFolder(), "--port", "0", "--status-socket", path],
    );
    expect(await second.ended).toEqual({ code: 2, signal: null });
    expect(complaints(second)).toEqual([expect.stringContaining(path)]);
    expect((await statusOf("--status-socket", path)).code).toBe(0);
    await endFileServer(server);
  });

  test("none: nobody is told, and no folder is made", async () => {
    const server = await openServer("--status-socket", "none");
    expect(existsSync(join(runtime, "iomux-file-server"))).toBe(false);
    const asking = await statusOf("--port", String(server.port));
    expect([asking.code, complaints(asking)]).toEqual([
      ...[2, [`file-server: no file server tells its status at ${socketOf(server)}: ${RUNNING}`]],
    ]);
    await endFileServer(server);
  });

  test.each<[string, (folder: string) => void]>([
    [
      "others may enter",
      (folder) => {
        mkdirSync(folder);
        chmodSync(folder, 0o750);
      },
    ],
    [
      "is a link",
      (folder) => {
        mkdirSync(`${folder}-2`, { mode: 0o700 });
        symlinkSync(`${folder}-2`, folder);
      },
    ],
  ])("a folder that %s is not used, by the server and by who asks", async (_, make) => {
    const folder = join(runtime, "iomux-file-server");
    make(folder);
    const server = await openServer();
    const why = `${folder} is not a folder that only you may use: give --status-socket`;
    expect(complaints(server)).toEqual([`file-server: --status will not find this server: ${why}`]);
    const asking = await statusOf("--port", String(server.port));
    expect([asking.code, complaints(asking)]).toEqual([2, [`file-server: ${why}`]]);
    const session = await Conversation.open(server, ANN);
    session.close();
    await endFileServer(server, /will not find/);
  });

  test("what answers and is no file server costs one line", async () => {
    const path = join(temporaryFolder(), "status");
    const other = createServer((socket) => socket.end("hello\n"));
    other.listen(path);
    await once(other, "listening");
    const asking = await statusOf("--status-socket", path);
    other.close();
    expect([asking.code, complaints(asking)]).toEqual([
      ...[2, [`file-server: ${path}: what answers there is no file server`]],
    ]);
  });
});

const RUNNING = "is it running, and with the same --host and --port?";

describe("who asks", () => {
  test("is one of MAX_WATCHERS, asks in few words, and QUESTIONS_PER_SECOND times a second", async () => {
    const server = await openServer();
    const askers = Array.from({ length: MAX_WATCHERS }, () => new Asker(socketOf(server)));
    for (const asker of askers) expect(await asker.ask()).toMatchObject({ transfers: 0 });
    const late = new Asker(socketOf(server));
    await late.log.over;
    expect(late.log.lines).toEqual([]);
    const [flood, loud, ...others] = askers as [Asker, Asker, ...Asker[]];
    loud.socket.write("x".repeat(MAX_ASKING_BYTES + 3));
    await loud.log.over;
    const many = 4 * QUESTIONS_PER_SECOND;
    flood.socket.write("status\n".repeat(many));
    const times: number[] = [];
    for (let i = 0; i < many; i++) {
      times.push((JSON.parse(await flood.log.until(/./)) as ServerStatus).nowMs);
    }
    // By the server's own clock: so many at once, and then so many a second.
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(2000);
    for (const { socket } of [flood, ...others]) socket.destroy();
    await endFileServer(server, /turned away unix:.* the server is full/);
  });

  test("and does not read, holds what was answered and no more", async () => {
    const server = await openServer();
    const deaf = new Asker(socketOf(server));
    await deaf.ask();
    deaf.socket.pause();
    deaf.socket.write("status\n".repeat(1000));
    const watcher = new Asker(socketOf(server));
    const { memory } = await watcher.ask();
    expect(memory.taken).toBeLessThan(64 * 1024);
    deaf.socket.destroy();
    watcher.socket.destroy();
    await endFileServer(server);
  });
});

test("SIGUSR1: the server says it itself, once for signals that come together", async () => {
  const server = await openServer();
  const session = await Conversation.open(server, ANN);
  server.child.kill("SIGUSR1");
  server.child.kill("SIGUSR1");
  await server.out.until(/^127\.0\.0\.1:\d+, up /);
  await server.out.until(/^received \d+ B at \d+ B\/s, sent \d+ B at/);
  await server.out.until(/^USER +ADDRESS /);
  await server.out.until(/^ann +127\.0\.0\.1 .* idle /);
  server.child.kill("SIGUSR1");
  await server.out.until(/^ann +127\.0\.0\.1 .* idle /);
  session.close();
  await endFileServer(server);
  expect(server.out.lines.filter((line) => line.startsWith("ann "))).toHaveLength(2);
  expect(server.err.lines.join()).not.toContain("Debugger");
});

describe.skipIf(missing)("real peer: script, which makes a terminal", () => {
  test("on a terminal it is shown again and again, as wide and as high as that is", async () => {
    const server = await openServer("--session-bytes-per-second", "65536");
    const names = Array.from({ length: 9 }, (_, i) => `${"long ".repeat(20)}${i}`);
    const sessions = await Promise.all(names.map(() => Conversation.open(server, ANN)));
    const ask = [process.execPath, ...FILE_SERVER, "--status", "--port", String(server.port)];
    const shell = `stty cols 70 rows 12; exec ${ask.join(" ")}`;
    const terminal = spawn("script", ["-qfc", shell, "/dev/null"]);
    const screen = new TerminalScreen(70, 12);
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => screen.write(text));
    await screen.until((rows) => rows.at(-1) === "and 5 sessions more");
    expect(screen.text).toHaveLength(11);
    expect(screen.text.filter((row) => row.includes(" idle "))).toHaveLength(4);
    writeFileSync(join(server.root, names[0]!), Buffer.alloc(8_000_000));
    await sessions[0]!.say("TYPE I");
    const data = await sessions[0]!.connectData();
    data.resume();
    await sessions[0]!.say(`RETR ${names[0]!}`);
    await screen.until((rows) => /RETR.*[1-9]\d* .?i?B\/s.*long~?.*0$/.test(rows[6] ?? ""));
    for (const session of sessions.slice(0, 8)) session.close();
    await screen.until((rows) => rows[1]?.startsWith("1 of 1000 sessions, 0 transfers") === true);
    expect(screen.text).toHaveLength(7);
    sessions[8]!.close();
    const over = once(terminal, "close");
    await endFileServer(server);
    await over;
    expect(screen.text.at(-1)).toBe("The server has ended.");
  });
});

test.each([
  [["--status", "--root", "x"], "--root is for the server: leave it out"],
  [["--status", "--idle-seconds", "3"], "--idle-seconds is for the server: leave it out"],
  [["--status", "--port", "x"], '--port is "x": give a whole number from 0 to 65535'],
])("%j is refused", (flags, why) => {
  expect(() => readSettings(flags)).toThrow(new Error(why));
});
