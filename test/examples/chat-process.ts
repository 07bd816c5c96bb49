/** The chat room as a process, and people who enter it with sockets. */
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

import { programCommand } from "../support/program-command.ts";
import { LineLog } from "./line-log.ts";
import { cleanUp as endPrograms, run, type Ended, type Running } from "./programs.ts";

export { run, temporaryFolder, type Running } from "./programs.ts";

export interface Room extends Running {
  /** What `net.connect` takes. */
  readonly address: { host: string; port: number } | { path: string };
  /** The arguments after `nc` that the room prints. */
  readonly ncArguments: readonly string[];
}

const sockets: Socket[] = [];

export const ROOM_COMMAND: readonly string[] = [
  process.execPath,
  ...programCommand("examples/chat-room.ts"),
];

/** Starts `examples/chat-room.ts`. One process, so that a signal hits nobody else. */
export function runChatRoom(...flags: string[]): Running {
  const [node, ...args] = ROOM_COMMAND as [string, ...string[]];
  return run(node, [...args, ...flags]);
}

/** In a shell, with `redirections` such as `</dev/null`. The shell gives way to it. */
export function runRedirected(redirections: string, command: readonly string[]): Running {
  return run("sh", ["-c", `exec ${command.map(quote).join(" ")} ${redirections}`]);
}

/** In a terminal of its own, which script(1) makes; its lines end with CR LF, and it echoes. */
export function runInTerminal(command: readonly string[]): Running {
  return run("script", ["-qefc", `exec ${command.map(quote).join(" ")}`, "/dev/null"]);
}

/**
 * What makes a shell, as the command of script(1), tell how `command` ended, on descriptor 3: there
 * it is heard though the terminal is gone. SIGHUP and Ctrl-C end `command`, unless it knows better, but
 * never the shell.
 */
export function tellingItsEnd(command: string): string {
  return `trap : HUP INT; ${command}; status=$?; echo "$status" >&3`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** How it says, in each language, how to enter it. */
const ENTER = /^(Enter it with:|进入方法：) +nc /;

/** A room that is open for members, on a port of the system's choice unless flags say more. */
export async function openRoom(...flags: string[]): Promise<Room> {
  const where = flags.includes("--path") ? [] : ["--port", "0"];
  return untilOpen(runChatRoom(...where, ...flags));
}

/** Waits until a room that was started is open. */
export async function untilOpen(running: Running): Promise<Room> {
  const line = await running.out.until(ENTER).catch((error: unknown) => {
    throw new Error(`${String(error)}; stderr: ${running.err.lines.join("\n")}`);
  });
  const ncArguments = line.replace(ENTER, "").split(" ");
  await running.out.until(/Ctrl\+C/);
  const [first, second] = ncArguments as [string, string];
  const address = first === "-U" ? { path: second } : { host: first, port: Number(second) };
  return { ...running, address, ncArguments };
}

/** For tests in which members come and speak as machines do, and must not be told of earlier ones. */
export const UNLIMITED = [
  ...["--lines-per-second", "0", "--max-per-address", "0", "--joins-per-second", "0"],
  ...["--history-lines", "0", "--history-bytes", "0"],
];

/** Ends a room in order, and answers how it ended. */
export async function endRoom(room: Running, signal: NodeJS.Signals = "SIGINT"): Promise<Ended> {
  room.child.kill(signal);
  return room.ended;
}

export function complaints(room: Running): readonly string[] {
  return room.err.lines;
}

/** How many descriptors a process has open (Linux). */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Resolves when `count` people are connected, as the room itself counts. */
export async function connectionsAre(room: Room, count: number): Promise<void> {
  let line: string;
  do {
    room.child.stdin!.write("/stats\n");
    line = await room.out.until(/^(Connections: |连接：现有 )/);
  } while (Number(/\d+/.exec(line)![0]) !== count);
}

/**
 * Resolves when a room has `count` descriptors open. That somebody has left is told before the last
 * of its connection is closed, so the room is asked in between.
 */
export async function descriptorsAre(room: Room, count: number): Promise<void> {
  let open = openDescriptors(room.child.pid!);
  for (let asked = 0; open !== count; open = openDescriptors(room.child.pid!)) {
    if (++asked > 10_000) throw new Error(`${open} descriptors are open, not ${count}`);
    room.child.stdin!.write("/stats\n");
    await room.out.until(/^(The program|程序)/);
  }
}

/** The most bytes of memory that a process ever had resident (Linux). */
export function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** Bytes of memory that a process has resident (Linux). */
export function residentBytes(pid: number): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return Number(pages) * 4096;
}

/** Call it when a test file is done: whatever a failed test left is ended. */
export function cleanUp(): void {
  for (const socket of sockets.splice(0)) socket.destroy();
  endPrograms();
}

/** The first line for who has joined, in each language. */
export const WELCOME = /^Hello |，您好！/;

/** Somebody in the room. */
export class Person {
  readonly socket: Socket;
  readonly log: LineLog;

  constructor(room: Room) {
    this.socket = connect(room.address);
    sockets.push(this.socket);
    this.log = new LineLog(this.socket);
  }

  /** Enters the room and has joined it. */
  static async join(room: Room, name: string): Promise<Person> {
    const person = new Person(room);
    person.send(`${name}\n`);
    await person.log.until(WELCOME);
    return person;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  say(message: string): void {
    this.send(`${message}\n`);
  }

  until(wanted: string | RegExp): Promise<string> {
    return this.log.until(wanted);
  }

  /** Ends its own side, and waits for the room to end the other. */
  async leave(): Promise<void> {
    this.socket.end();
    await this.log.over;
  }
}
