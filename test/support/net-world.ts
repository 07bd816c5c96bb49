/** The world of real sockets: its loop goes round by itself, its time moves when told. */
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";

import {
  createReactor,
  type Address,
  type Listener,
  type Reactor,
  type ReactorOptions,
} from "iomux";

import { authority, local } from "./certificates.ts";
import { ManualClock } from "./manual-clock.ts";
import type { Peer, World } from "./world.ts";

/** Passes of the loop without any change after which everything is taken to have arrived. */
const QUIET_PASSES = 12;

export class NetWorld implements World {
  readonly network = "net";
  readonly slackMs = 0;
  readonly family: "tcp" | "unix";
  readonly secure: boolean;
  readonly clock = new ManualClock();
  readonly #folder = mkdtempSync(join(tmpdir(), "iomux-"));
  readonly #reactors: Reactor[] = [];
  readonly #peers: NetPeer[] = [];
  readonly #servers: net.Server[] = [];
  #paths = 0;

  /** `secure`: whether all that listens, connects or dials speaks TLS. */
  constructor(family: "tcp" | "unix", secure = false) {
    this.family = family;
    this.secure = secure;
  }

  createReactor(options: ReactorOptions = {}): Reactor {
    const reactor = createReactor({ clock: this.clock, ...options });
    this.#reactors.push(reactor);
    if (this.secure) secureAll(reactor);
    return reactor;
  }

  address(): Address {
    if (this.family === "tcp") return { port: 0 };
    return { path: join(this.#folder, `${++this.#paths}.sock`) };
  }

  dial(listener: Listener): Peer {
    const raw = net.connect({ ...target(listener.localAddress!), allowHalfOpen: true });
    if (!this.secure) return this.#peer(raw);
    return this.#peer(tls.connect({ socket: raw, host: "localhost", ca: authority.cert }), raw);
  }

  /** A plain socket, as a peer. */
  peerOf(socket: net.Socket): Peer {
    return this.#peer(socket);
  }

  #peer(socket: net.Socket, raw = socket): NetPeer {
    const peer = new NetPeer(socket, raw);
    this.#peers.push(peer);
    return peer;
  }

  async adoptable(): Promise<{ source: never; peer: Peer }> {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
    this.#servers.push(server);
    const accepted = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
    await new Promise<void>((resolve) => server.listen(this.address(), resolve));
    const bound = server.address()!;
    const socket = net.connect(
      typeof bound === "string"
        ? { path: bound, allowHalfOpen: true }
        : { port: bound.port, host: "127.0.0.1", allowHalfOpen: true },
    );
    const peer = this.#peer(socket);
    const source = await accepted;
    await this.until(() => peer.connected, "the pair to be connected");
    server.close();
    return { source: source as never, peer };
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  /** The test's own time-out ends a wait in vain; `what` is then in its stack. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const patience = new Error(`waited in vain for ${what}`);
    for (const deadline = Date.now() + 15_000; !condition();) {
      if (Date.now() > deadline) throw patience;
      await pass();
    }
  }

  async settle(): Promise<void> {
    let before = "";
    for (let quiet = 0, passes = 0; quiet < QUIET_PASSES && passes < 2000; passes++) {
      await pass();
      const now = this.#fingerprint();
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  }

  /** Changes whenever anything happens to anybody. */
  #fingerprint(): string {
    const peers = this.#peers.map((peer) => peer.activity);
    const reactors = this.#reactors.map((reactor) => {
      const { turns, bytesIn, bytesOut, open } = reactor.stats();
      return `${turns} ${bytesIn} ${bytesOut} ${open}`;
    });
    return `${peers.join()};${reactors.join()}`;
  }

  async passes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await pass();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, () => this.passes(4));
    await this.passes(4);
  }

  spend(ms: number): void {
    this.clock.spend(ms);
  }

  get alive(): boolean {
    return this.clock.alive;
  }

  async end(): Promise<void> {
    for (const reactor of this.#reactors) {
      reactor.assertInvariants();
      const closed = reactor.close({ drainMs: 0 });
      await this.clock.advance(1, () => this.passes(1));
      await closed;
      reactor.assertInvariants();
    }
    for (const peer of this.#peers) peer.destroy();
    for (const server of this.#servers) server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Everything that this reactor listens at, or connects to, is secured. */
function secureAll(reactor: Reactor): void {
  const listen = reactor.listen.bind(reactor);
  const connect = reactor.connect.bind(reactor);
  reactor.listen = (address, options) => listen(address, { tls: local, ...options });
  reactor.connect = (address, options) =>
    connect(address, { tls: { ca: authority.cert, servername: "localhost" }, ...options });
}

function target(address: NonNullable<Listener["localAddress"]>): net.NetConnectOpts {
  return address.family === "unix"
    ? { path: address.path }
    : { host: address.host, port: address.port };
}

/** One pass of the loop: I/O is collected before an immediate that was set in the last one. */
function pass(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class NetPeer implements Peer {
  connected = false;
  ended = false;
  errorCode: string | null = null;
  closed = false;
  activity = 0;
  readonly #socket: net.Socket;
  readonly #raw: net.Socket;
  #received: Buffer[] = [];

  /** `raw`: the socket that TLS is spoken over, or the same one. */
  constructor(socket: net.Socket, raw: net.Socket) {
    this.#socket = socket;
    this.#raw = raw;
    raw.setNoDelay(true);
    socket.on(socket === raw ? "connect" : "secureConnect", () => {
      this.connected = true;
      this.activity++;
    });
    socket.on("data", (chunk: Buffer) => {
      this.#received.push(chunk);
      this.activity++;
    });
    socket.on("end", () => {
      this.ended = true;
      this.activity++;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code ?? error.message;
      this.activity++;
    });
    socket.on("close", () => {
      this.closed = true;
      this.activity++;
    });
  }

  get received(): Buffer {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] ?? Buffer.alloc(0);
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  end(bytes?: Uint8Array | string): void {
    if (bytes === undefined) this.#socket.end();
    else this.#socket.end(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  reset(): void {
    if (this.#raw.remoteFamily === undefined) this.#socket.destroy();
    else this.#raw.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
