/** A file server in a world of the tests, with its files in memory, and clients that are raw peers. */
import { afterEach, expect } from "vitest";

import type { Listener, Reactor, ReactorOptions, SocketAddress } from "iomux";

import type { Login } from "../../examples/accounts/accounts.ts";
import { readSettings, type ServerSettings } from "../../examples/ftp/server/flags.ts";
import { FileServer, type FileServerOptions } from "../../examples/ftp/server/server.ts";
import type { TransferRecord } from "../../examples/ftp/server/transfer-log.ts";
import { MemoryStore, type MemoryStoreOptions } from "../../examples/files/memory-store.ts";
import { extendedPortCommand, FtpHearing, placeOf, portCommand } from "./ftp-talk.ts";
import type { DataPlace, FtpReply } from "./ftp-talk.ts";
import type { Peer, World } from "./world.ts";

const sites: FtpSite[] = [];

afterEach(async () => {
  for (const site of sites.splice(0)) await site.end();
});

const DEFAULTS: ServerSettings = {
  ...(readSettings([]) as ServerSettings),
  listen: { host: "127.0.0.1", port: 0 },
  perAddress: 0,
  sessionsPerSecond: 0,
};

export interface SiteOptions extends Partial<Pick<FileServerOptions, "login" | "tls" | "random">> {
  readonly settings?: Partial<ServerSettings>;
  readonly store?: MemoryStoreOptions;
  readonly reactor?: ReactorOptions;
}

/** Who says `PASS right` may do everything. */
function login(name: string, password: string): Promise<Login> {
  const rights = new Set(["read", "write", "delete"] as const);
  const account = { name, home: "/", rights, isAnonymous: false };
  return Promise.resolve(password === "right" ? account : "wrong");
}

/** Numbers from 0 up to 1 of which none comes twice: so no port is drawn again that was given back. */
function evenly(): () => number {
  let count = 0;
  return () => (count++ * 0.618) % 1;
}

export class FtpSite {
  readonly world: World;
  readonly reactor: Reactor;
  readonly store: MemoryStore;
  readonly transfers: TransferRecord[] = [];
  /** What the reactor and the server have reported. */
  readonly heard: unknown[] = [];
  files!: FileServer;
  readonly #peers: Peer[] = [];

  private constructor(world: World, { store, reactor }: SiteOptions) {
    this.world = world;
    this.store = new MemoryStore(store);
    this.reactor = world.createReactor({
      ...reactor,
      onError: (error) => void this.heard.push(error),
    });
    sites.push(this);
  }

  static async open(world: World, options: SiteOptions = {}): Promise<FtpSite> {
    const site = new FtpSite(world, options);
    const { tls = null, random = evenly() } = options;
    const opening = FileServer.open(site.reactor, {
      settings: { ...DEFAULTS, ...options.settings },
      store: site.store,
      tls,
      tlsPolicy: tls === null ? "none" : "offered",
      login: options.login ?? login,
      random,
      wallMs: () => site.reactor.now(),
      onTransfer: (record) => void site.transfers.push(record),
      report: (error) => void site.heard.push(error),
    });
    site.files = await world.run(opening);
    return site;
  }

  /** What is open: listeners, control and data connections. */
  get open(): number {
    return this.reactor.stats().open;
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const upload = await this.store.openUpload(path, { kind: "replace" });
    await upload.write(bytes);
    await upload.commit();
  }

  /** Null: there is no such file. */
  async get(path: string): Promise<Buffer | null> {
    const reader = await this.store.openReader(path, 0).catch(() => null);
    if (reader === null) return null;
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes);
    await reader.close();
    return bytes;
  }

  /** A raw connection. */
  dialPlace(place: DataPlace): Peer {
    const localAddress = { family: "IPv4", ...place } as SocketAddress;
    return this.keep(this.world.dial({ localAddress } as Listener));
  }

  /** It is closed at the end of the test. */
  keep(peer: Peer): Peer {
    this.#peers.push(peer);
    return peer;
  }

  /** Somebody who has connected, and waits to be greeted. */
  come(): FtpGuest {
    const [address] = this.files.addresses as [SocketAddress & DataPlace];
    return new FtpGuest(this, this.dialPlace(address));
  }

  async greeted(): Promise<FtpGuest> {
    const guest = this.come();
    expect(await guest.next()).toMatch(/^220 /);
    return guest;
  }

  async loggedIn(): Promise<FtpGuest> {
    const guest = await this.greeted();
    await guest.ask("USER ann");
    expect(await guest.ask("PASS right")).toMatch(/^230 /);
    await guest.ask("TYPE I");
    return guest;
  }

  /** `count` descriptors are open, and no file, upload or large buffer. */
  async rests(count: number): Promise<void> {
    const { world, store, files } = this;
    await world.until(() => this.open === count, `${count} descriptors in place of ${this.open}`);
    const held = (): number => store.open.readers + store.open.uploads + files.buffers;
    await world.until(() => held() === 0, "all to be given back");
  }

  async end(): Promise<void> {
    const closing = this.files.close(0);
    await this.world.advance(3000);
    for (const peer of this.#peers) peer.destroy();
    await this.world.run(closing);
    this.files.assertInvariants();
    await this.rests(0);
  }
}

export class FtpGuest {
  readonly site: FtpSite;
  readonly peer: Peer;
  readonly #hearing = new FtpHearing();
  #heard = 0;
  #taken = 0;

  constructor(site: FtpSite, peer: Peer) {
    this.site = site;
    this.peer = peer;
  }

  /** All replies so far. */
  get replies(): readonly FtpReply[] {
    const { received } = this.peer;
    this.#hearing.hear(received.subarray(this.#heard));
    this.#heard = received.length;
    return this.#hearing.replies;
  }

  /** Codes of the replies so far that were not taken by `next()`. */
  get waiting(): readonly number[] {
    return this.replies.slice(this.#taken).map(({ code }) => code);
  }

  get gone(): boolean {
    return this.peer.ended || this.peer.closed || this.peer.errorCode !== null;
  }

  async nextReply(): Promise<FtpReply> {
    const came = (): boolean => this.replies.length > this.#taken;
    await this.site.world.until(() => came() || this.gone, "a reply");
    if (!came()) throw new Error(`the session is over: ${this.peer.errorCode ?? "ended"}`);
    return this.replies[this.#taken++]!;
  }

  /** `230 Welcome, ann`: of several lines the first. */
  async next(): Promise<string> {
    const { code, lines } = await this.nextReply();
    return `${code} ${lines[0]!}`;
  }

  say(...lines: string[]): void {
    this.peer.write(lines.map((line) => `${line}\r\n`).join(""));
  }

  ask(line: string): Promise<string> {
    this.say(line);
    return this.next();
  }

  /** Where the server listens. */
  async place(how: "PASV" | "EPSV" = "PASV"): Promise<DataPlace> {
    this.say(how);
    return placeOf(await this.nextReply(), "127.0.0.1");
  }

  /** A data connection that stands. */
  async passive(how: "PASV" | "EPSV" = "PASV"): Promise<Peer> {
    const data = this.site.dialPlace(await this.place(how));
    await this.site.world.until(() => data.connected, "the data connection");
    return data;
  }

  /** Somewhere to connect to, told to the server. */
  async active(how: "PORT" | "EPRT" = "PORT"): Promise<Listener> {
    const { world } = this.site;
    const { host, port } = { host: "127.0.0.1", port: 0 };
    const listener = await world.run(world.createReactor().listen({ host, port }));
    const place = listener.localAddress as SocketAddress & DataPlace;
    const command = how === "PORT" ? portCommand(place) : extendedPortCommand(place);
    expect(await this.ask(command)).toMatch(/^200 /);
    return listener;
  }

  /** All of a file; `code` is the last reply. */
  async download(command: string): Promise<{ bytes: Buffer; code: number }> {
    const data = await this.passive();
    const first = await this.ask(command);
    const over = (): boolean => data.ended || data.closed;
    if (first.startsWith("150")) await this.site.world.until(over, "all of it");
    if (!data.closed) data.end();
    const code = Number((first.startsWith("150") ? await this.next() : first).slice(0, 3));
    return { bytes: data.received, code };
  }

  async upload(command: string, bytes: Uint8Array | string): Promise<string> {
    const data = await this.passive();
    const first = await this.ask(command);
    data.end(bytes);
    return first.startsWith("150") ? this.next() : first;
  }
}
