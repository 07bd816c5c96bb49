/** A server that does what the test says, and what servers do that are no good. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

import { onTestFinished } from "vitest";

export interface Oddities {
  /** Lines of an answer in place of the usual one; null: none at all. By verb. */
  readonly answers?: Readonly<Record<string, string | null>>;
  /** Of 227; default 127,0,0,1. */
  readonly passiveHost?: string;
  /** Where PASV says that it waits; default: where it does. */
  readonly passivePort?: number;
  /** What RETR and LIST and MLSD send. */
  readonly data?: Uint8Array;
  /** The final reply is said before the data. */
  readonly hasty?: boolean;
  /** Each byte of a reply comes alone. */
  readonly slowly?: boolean;
  /** Said by the server before anything else. */
  readonly greeting?: string;
  /** Said once this verb is heard, in the middle of the transfer. */
  readonly interruption?: string;
}

export class OddServer {
  port = 0;
  /** Every command, and `data` for each data connection that came. */
  readonly heard: string[] = [];
  /** What was sent to it. */
  readonly received: Buffer[] = [];
  #oddities: Oddities;
  readonly #sockets = new Set<Socket>();
  readonly #servers: Server[] = [];
  #last = Promise.resolve();
  #arrived: Promise<Socket> | null = null;

  private constructor(oddities: Oddities) {
    this.#oddities = oddities;
  }

  static async open(oddities: Oddities = {}): Promise<OddServer> {
    const odd = new OddServer(oddities);
    onTestFinished(() => odd.close());
    odd.port = await odd.#listen((socket) => odd.#serve(socket));
    return odd;
  }

  /** From now on, at the same port. */
  become(oddities: Oddities): void {
    this.#oddities = oddities;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.setNoDelay(true);
      onSocket(socket);
    });
    this.#servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    this.#say(socket, this.#oddities.greeting ?? "220 hello");
    let rest = "";
    socket.on("data", (bytes: Buffer) => {
      const lines = `${rest}${bytes.toString()}`.split("\r\n");
      rest = lines.pop()!;
      for (const line of lines) {
        this.#last = this.#last.then(() => this.#obey(socket, line));
      }
    });
  }

  #say(socket: Socket, text: string): void {
    const bytes = Buffer.from(`${text.replaceAll("\n", "\r\n")}\r\n`);
    if (this.#oddities.slowly !== true) {
      socket.write(bytes);
      return;
    }
    // One at a time on the wire: each waits for the one before to have left.
    this.#last = this.#last.then(async () => {
      for (const byte of bytes) {
        await new Promise<void>((resolve) => {
          socket.write(Buffer.of(byte), () => setImmediate(resolve));
        });
      }
    });
  }

  async #obey(socket: Socket, line: string): Promise<void> {
    this.heard.push(line);
    const [verb] = line.split(" ", 1) as [string];
    const { answers = {}, hasty = false, data = Buffer.alloc(0) } = this.#oddities;
    const told = answers[verb];
    if (told === null) return;
    if (told !== undefined) {
      this.#say(socket, told);
      return;
    }
    switch (verb) {
      case "PASV":
        this.#say(socket, await this.#passive());
        return;
      case "RETR":
      case "LIST":
      case "MLSD":
      case "STOR":
      case "APPE": {
        this.#say(socket, "150 it comes");
        const { interruption } = this.#oddities;
        if (interruption !== undefined) {
          this.#say(socket, interruption);
          return;
        }
        if (hasty) this.#say(socket, "226 done");
        await this.#move(verb, data);
        if (!hasty) this.#say(socket, "226 done");
        return;
      }
      default:
        this.#say(socket, USUAL[verb] ?? "502 what?");
    }
  }

  async #passive(): Promise<string> {
    let came: (socket: Socket) => void;
    this.#arrived = new Promise((resolve) => {
      came = resolve;
    });
    const port = await this.#listen((socket) => {
      this.heard.push("data");
      came(socket);
    });
    const { passiveHost = "127,0,0,1", passivePort = port } = this.#oddities;
    return `227 Here (${passiveHost},${passivePort >> 8},${passivePort & 255}).`;
  }

  async #move(verb: string, data: Uint8Array): Promise<void> {
    const socket = await this.#arrived!;
    if (verb === "STOR" || verb === "APPE") {
      for await (const bytes of socket) this.received.push(bytes as Buffer);
      return;
    }
    socket.end(data);
    await once(socket, "finish");
  }
}

const USUAL: Readonly<Record<string, string>> = {
  USER: "331 and?",
  PASS: "230 in",
  TYPE: "200 ok",
  PWD: '257 "/"',
  QUIT: "221 bye",
  REST: "350 go on",
  ABOR: "225 nothing runs",
  NOOP: "200 ok",
};
