/** The chat room's own client as a process, in a pipe and in a terminal; and servers for it. */
import {
  createReactor,
  ERROR,
  HANGUP,
  READABLE,
  WRITABLE,
  type Address,
  type Channel,
  type Listener,
  type Reactor,
  type Registration,
} from "iomux";

import { LineSplitter } from "../../examples/chat/client-lines.ts";
import { programCommand } from "../support/program-command.ts";
import { run, type Running } from "./programs.ts";
import { ProgramTerminal } from "./program-terminal.ts";

const COMMAND = programCommand("examples/chat-client.ts");

/** The client in a pipe. */
export function runClient(...flags: string[]): Running {
  return run(process.execPath, [...COMMAND, ...flags]);
}

const terminals: Terminal[] = [];
const servers: ChatServer[] = [];

/** Call it when a test file is done, besides that of chat-process. */
export async function cleanUpClients(): Promise<void> {
  for (const terminal of terminals.splice(0)) terminal.kill();
  await Promise.all(servers.splice(0).map((server) => server.end()));
}

/** The client in a terminal of its own. */
export class Terminal extends ProgramTerminal {
  constructor(columns: number, rows: number, ...flags: string[]) {
    super([process.execPath, ...COMMAND, ...flags], { columns, rows });
    terminals.push(this);
  }
}

/** A server that does what a test tells it. */
export class ChatServer {
  readonly reactor: Reactor = createReactor({ slowHandlerMs: Infinity, onError: () => {} });
  readonly listener: Listener;
  readonly #peers: ServerPeer[] = [];
  #waiter: ((peer: ServerPeer) => void) | null = null;

  static async open(address: Address = { port: 0 }): Promise<ChatServer> {
    const reactor = createReactor({ slowHandlerMs: Infinity, onError: () => {} });
    return new ChatServer(reactor, await reactor.listen(address));
  }

  private constructor(reactor: Reactor, listener: Listener) {
    this.reactor = reactor;
    this.listener = listener;
    servers.push(this);
    reactor.register(listener, READABLE, () => {
      for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
        this.#peers.push(new ServerPeer(reactor, peer));
      }
      this.#answer();
    });
  }

  /** The client's flags that lead here. */
  get flags(): string[] {
    const address = this.listener.localAddress!;
    return address.family === "unix" ? ["--path", address.path] : ["--port", `${address.port}`];
  }

  /** The next client that comes. */
  peer(): Promise<ServerPeer> {
    return new Promise((resolve) => {
      this.#waiter = resolve;
      this.#answer();
    });
  }

  /** The next client, which was asked for its name and let in. */
  async member(name: string): Promise<ServerPeer> {
    const peer = await this.peer();
    peer.say("Name?");
    await peer.until(name);
    peer.say(`Hello ${name}.`);
    return peer;
  }

  async end(): Promise<void> {
    await this.reactor.close({ drainMs: 0, answerMs: 0 });
  }

  #answer(): void {
    const peer = this.#waiter === null ? undefined : this.#peers.shift();
    if (peer === undefined) return;
    this.#waiter!(peer);
    this.#waiter = null;
  }
}

/** A client, as its server sees it. */
export class ServerPeer {
  readonly channel: Channel;
  readonly lines: string[] = [];
  /** Fulfilled when the client has ended its side; then the server has closed. */
  readonly left: Promise<void>;
  /** Whether it closes when the client has ended. */
  closesAtEnd = true;
  readonly #splitter = new LineSplitter(1024 * 1024);
  readonly #registration: Registration<Channel>;
  #rest = Buffer.alloc(0);
  #sent = (): void => {};
  #waiter: { line: string; resolve: () => void; reject: (error: Error) => void } | null = null;
  #seen = 0;
  #isOver = false;

  constructor(reactor: Reactor, channel: Channel) {
    this.channel = channel;
    let leave = (): void => {};
    this.left = new Promise((resolve) => {
      leave = resolve;
    });
    this.#registration = reactor.register(channel, READABLE, (_, ready) => {
      if ((ready & WRITABLE) !== 0) this.#sendRest();
      const bytes = channel.read();
      const lost = (ready & (ERROR | HANGUP)) !== 0;
      if (bytes !== null) {
        const lines = bytes.length === 0 ? this.#splitter.end() : this.#splitter.feed(bytes);
        this.lines.push(...lines.map(({ text }) => text));
      }
      if (!lost && bytes?.length !== 0) {
        this.#answer();
        return;
      }
      this.#isOver = true;
      this.#answer();
      leave();
      if (!lost && this.closesAtEnd) channel.close();
    });
  }

  say(line: string): void {
    this.send(`${line}\n`);
  }

  send(bytes: string | Uint8Array): void {
    this.channel.write(Buffer.from(bytes as string));
  }

  /** Resolves when all of it was taken for sending. */
  sendAll(text: string): Promise<void> {
    this.#rest = Buffer.from(text);
    return new Promise((resolve) => {
      this.#sent = resolve;
      this.#sendRest();
    });
  }

  /** Whether it reads what the client says. */
  set reads(reads: boolean) {
    if (reads) this.#registration.resume();
    else this.#registration.pause();
  }

  /** Waits for a line of the client, after those that were waited for before. */
  until(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiter = { line, resolve, reject };
      this.#answer();
    });
  }

  #sendRest(): void {
    this.#rest = this.#rest.subarray(this.channel.write(this.#rest));
    this.#registration.modify(this.#rest.length > 0 ? READABLE | WRITABLE : READABLE);
    if (this.#rest.length === 0) this.#sent();
  }

  #answer(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    while (this.#seen < this.lines.length) {
      if (this.lines[this.#seen++] !== waiter.line) continue;
      this.#waiter = null;
      waiter.resolve();
      return;
    }
    if (!this.#isOver) return;
    const all = JSON.stringify(this.lines.slice(-5));
    waiter.reject(new Error(`${waiter.line} did not come, but ${all}`));
  }
}
