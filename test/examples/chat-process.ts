/** The chat room as a process, and people who enter it with sockets. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LineLog } from "./line-log.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly out: LineLog;
  readonly err: LineLog;
  readonly ended: Promise<Ended>;
}

export interface Room extends Running {
  /** What `net.connect` takes. */
  readonly address: { host: string; port: number } | { path: string };
  /** The arguments after `nc` that the room prints. */
  readonly ncArguments: readonly string[];
}

const started: ChildProcess[] = [];
const sockets: Socket[] = [];
const folders: string[] = [];

/** Starts `examples/chat-room.ts`. One process, so that a signal hits nobody else. */
export function runChatRoom(...flags: string[]): Running {
  const script = join(ROOT, "examples/chat-room.ts");
  return run(process.execPath, ["--import", "tsx", "--conditions=iomux-source", script, ...flags]);
}

export function run(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { cwd: ROOT, stdio: "pipe" });
  started.push(child);
  child.stdin.on("error", () => {});
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      resolve({ code, signal });
    });
  });
  return { child, out: new LineLog(child.stdout), err: new LineLog(child.stderr), ended };
}

/** A room that is open for members, on a port of the system's choice unless flags say more. */
export async function openRoom(...flags: string[]): Promise<Room> {
  const where = flags.includes("--path") ? [] : ["--port", "0"];
  const running = runChatRoom(...where, ...flags);
  const line = await running.out.until(/^Enter it with:/).catch((error: unknown) => {
    throw new Error(`${String(error)}; stderr: ${running.err.lines.join("\n")}`);
  });
  const ncArguments = line.replace(/^Enter it with: +nc /, "").split(" ");
  await running.out.until("End it with Ctrl+C");
  const [first, second] = ncArguments as [string, string];
  const address = first === "-U" ? { path: second } : { host: first, port: Number(second) };
  return { ...running, address, ncArguments };
}

/** Ends a room in order, and answers how it ended. */
export async function endRoom(room: Running, signal: NodeJS.Signals = "SIGINT"): Promise<Ended> {
  room.child.kill(signal);
  return room.ended;
}

/** What it said on stderr, but that a handler was slow: on a busy machine any may be. */
export function complaints(room: Running): string[] {
  return room.err.lines.filter((line) => !/^iomux: the handler .* ran for /.test(line));
}

/** Bytes of memory that a process has resident (Linux). */
export function residentBytes(pid: number): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return Number(pages) * 4096;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "chat-"));
  folders.push(folder);
  return folder;
}

/** Call it when a test file is done: whatever a failed test left is ended. */
export function cleanUp(): void {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const child of started.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

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
    await person.log.until(/^Hello /);
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
