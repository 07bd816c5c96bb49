/** The file server as a process, on a port and in a folder of its own. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

import { userLine, type NewUser } from "../../examples/accounts/accounts.ts";
import { programCommand } from "../support/program-command.ts";
import { LineLog } from "./line-log.ts";
import { run, temporaryFolder, type Running } from "./programs.ts";

export interface FileServer extends Running {
  readonly host: string;
  readonly port: number;
  /** The folder that it serves. */
  readonly root: string;
}

// Where servers tell their status, so that those that are killed leave nothing.
process.env.XDG_RUNTIME_DIR = temporaryFolder();

/** What `node` is given. */
export const FILE_SERVER = programCommand("examples/file-server.ts");

/** Starts `examples/file-server.ts`. One process, so that a signal hits nobody else. */
export function runFileServer(...flags: string[]): Running {
  return run(process.execPath, [...FILE_SERVER, ...flags]);
}

/** A server of `root` that is open for clients. Rejects with all that it said if there is none. */
export async function openFileServer(
  flags: readonly string[] = [],
  root = temporaryFolder(),
): Promise<FileServer> {
  const running = runFileServer("--root", root, "--port", "0", ...flags);
  try {
    const line = await running.out.until(/^Open on /);
    await running.out.until(/^Ctrl-C /);
    const { hostname, port } = new URL(/ftp:\S+/.exec(line)![0]);
    return { ...running, root, host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  } catch (error) {
    throw new Error(`the file server did not start: ${said(running)}`, { cause: error });
  }
}

/**
 * Ends it in order. Rejects with all that it said if it ended otherwise, or complained of what was
 * not `expected`.
 */
export async function endFileServer(server: Running, expected?: RegExp): Promise<void> {
  server.child.kill("SIGTERM");
  const { code, signal } = await server.ended;
  const surprises = complaints(server).filter((line) => expected?.test(line) !== true);
  if (code !== 0 || surprises.length > 0) {
    throw new Error(`the file server ended by ${signal ?? code}: ${said(server)}`);
  }
}

export function complaints(server: Running): readonly string[] {
  return server.err.lines;
}

function said({ out, err }: Running): string {
  return [...out.lines, ...err.lines, err.rest].join("\n");
}

/** Who may do everything, everywhere. */
export const ANN: NewUser = {
  ...{ name: "ann", password: "se cret:@/", home: "/" },
  rights: ["read", "create", "write", "delete"],
};
/** Who may get files only. */
export const BOB: NewUser = { name: "bob", password: "hidden", home: "/", rights: ["read"] };

/** Of hashes that cost nothing, since all clients log in. */
const COST = { logN: 10, r: 8, p: 1 };

/** A users' file. */
export async function usersFile(...users: readonly NewUser[]): Promise<string> {
  const lines = await Promise.all(users.map((user) => userLine(user, COST)));
  const file = join(temporaryFolder(), "users");
  await writeFile(file, `${lines.join("\n")}\n`);
  return file;
}

/** `path` begins without a slash. */
export function urlOf({ host, port }: FileServer, path: string, user?: NewUser): string {
  const account = user === undefined ? "" : `${encode(user.name)}:${encode(user.password)}@`;
  const where = host.includes(":") ? `[${host}]` : host;
  return `ftp://${account}${where}:${port}/${path.split("/").map(encode).join("/")}`;
}

/** All but letters and digits: some clients read meanings into what URLs allow. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}

/** For tests in which clients come and fail as machines do: nobody waits, nobody is sent away. */
export const UNLIMITED = [
  ...["--sessions-per-second", "0", "--per-address", "0"],
  ...["--wrong-password-seconds", "0"],
];

/** A server that ann and bob know, and where anybody may put new files. */
export async function openUsersServer(...flags: string[]): Promise<FileServer> {
  const users = await usersFile(ANN, BOB);
  return openFileServer(["--users", users, "--anonymous-upload", "on", ...UNLIMITED, ...flags]);
}

/** A session in which the test says the commands itself. */
export class Conversation {
  readonly #server: FileServer;
  readonly #socket: Socket;
  readonly #log: LineLog;

  private constructor(server: FileServer, localAddress: string | undefined) {
    this.#server = server;
    this.#socket = connect({
      ...{ host: server.host, port: server.port },
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    this.#log = new LineLog(this.#socket);
  }

  /** With `user` logged in. `localAddress`: where it comes from. */
  static async open(
    server: FileServer,
    user?: NewUser,
    localAddress?: string,
  ): Promise<Conversation> {
    const conversation = new Conversation(server, localAddress);
    await conversation.reply();
    if (user !== undefined) {
      await conversation.say(`USER ${user.name}`);
      const answer = await conversation.say(`PASS ${user.password}`);
      if (!answer.startsWith("230 ")) throw new Error(`${user.name} is not let in: ${answer}`);
    }
    return conversation;
  }

  /** Answers the last line of the reply. */
  say(command: string): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    return this.reply();
  }

  /** The last line of the next reply. */
  async reply(): Promise<string> {
    return (await this.#log.until(/^\d{3} /)).trimEnd();
  }

  /** A passive data connection; it is closed with this. */
  async connectData(): Promise<Socket> {
    const [, port] = /\|(\d+)\|/.exec(await this.say("EPSV"))!;
    const data = connect({ host: this.#server.host, port: Number(port) });
    data.on("error", () => {});
    this.#socket.on("close", () => data.destroy());
    await once(data, "connect");
    return data;
  }

  /** Resolves when the server has ended it. */
  get over(): Promise<void> {
    return this.#log.over;
  }

  close(): void {
    this.#socket.destroy();
  }
}
