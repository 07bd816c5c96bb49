/**
 * The network between a client and a file server, which can be cut. It reads along where the server
 * waits for data connections, so that these go through it too.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * `cut`: everything is reset. `silent`: nothing moves any more, and nobody says so. `stuck`: no data
 * moves any more, though the sender gets rid of it. `held`: none is taken from the sender either.
 */
type Fate = "cut" | "silent" | "stuck" | "held";

export class FtpProxy {
  port = 0;
  /** Bytes that went over data connections, in both directions. */
  moved = 0;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #onMet = (): void => undefined;
  #fate: { readonly what: Fate; readonly atBytes: number } | null = null;
  #met = false;

  /** Stands before the server at `port`. */
  static async open(port: number): Promise<FtpProxy> {
    const proxy = new FtpProxy();
    proxy.port = await proxy.#listen((client) => {
      proxy.#control(client, port);
    });
    return proxy;
  }

  /** Once so many more bytes of data have moved; resolves then. */
  willBe(what: Fate, afterBytes: number): Promise<void> {
    this.#met = false;
    this.#fate = { what, atBytes: this.moved + afterBytes };
    return new Promise((resolve) => {
      this.#onMet = resolve;
    });
  }

  /** As before. */
  mend(): void {
    this.#fate = null;
    this.#met = false;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(onClient: (client: Socket) => void): Promise<number> {
    const server = createServer(onClient);
    this.#servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  #pair(client: Socket, port: number): Socket {
    const server = connect({ port, host: "127.0.0.1" });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => this.#isDead || other.resetAndDestroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        if (!this.#isDead) other.destroySoon();
      });
    }
    return server;
  }

  #control(client: Socket, port: number): void {
    const server = this.#pair(client, port);
    client.on("data", (bytes) => {
      if (!this.#isDead) server.write(bytes);
    });
    let last = Promise.resolve();
    server.on("data", (bytes) => {
      last = last.then(async () => {
        const text = await this.#rewritten(bytes.toString());
        if (!this.#isDead) client.write(text);
      });
    });
  }

  /** Replies of these servers come whole. */
  async #rewritten(text: string): Promise<string> {
    const told = /^229 .*\(\|\|\|(\d+)\|\)/m.exec(text)?.[1];
    if (told === undefined) return text;
    const port = await this.#listen((client) => {
      this.#data(client, Number(told));
    });
    return text.replace(`|||${told}|`, `|||${port}|`);
  }

  #data(client: Socket, port: number): void {
    const server = this.#pair(client, port);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("data", (bytes) => {
        if (this.#met) return;
        this.moved += bytes.length;
        if (!to.write(bytes)) {
          from.pause();
          to.once("drain", () => this.#isHeld || from.resume());
        }
        if (this.#fate !== null && this.moved >= this.#fate.atBytes) this.#meet(this.#fate.what);
        if (this.#isHeld) from.pause();
      });
      from.on("end", () => {
        if (!this.#met) to.end();
      });
    }
  }

  get #isHeld(): boolean {
    return this.#met && this.#fate?.what === "held";
  }

  /** Whether not even the control connection lives. */
  get #isDead(): boolean {
    return this.#met && (this.#fate?.what === "cut" || this.#fate?.what === "silent");
  }

  #meet(what: Fate): void {
    this.#met = true;
    this.#onMet();
    if (what !== "cut") return;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
