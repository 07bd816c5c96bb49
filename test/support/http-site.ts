/** An HTTP server in a world of the tests, and clients that are raw peers. */
import { afterEach, expect } from "vitest";

import type { Listener, Reactor, ReactorOptions } from "iomux";

import type { AccessRecord } from "../../examples/http/server/access-log.ts";
import { HttpServer, type HttpServerOptions } from "../../examples/http/server/http-server.ts";
import { readAnswers, type Answer } from "./http-talk.ts";
import type { Peer, World } from "./world.ts";

const sites: HttpSite[] = [];

afterEach(async () => {
  for (const site of sites.splice(0)) await site.end();
});

export interface HttpSiteOptions extends Pick<
  HttpServerOptions,
  "limits" | "allowedHosts" | "fields"
> {
  readonly reactor?: ReactorOptions;
}

export class HttpSite {
  readonly world: World;
  readonly reactor: Reactor;
  readonly server: HttpServer;
  readonly records: AccessRecord[] = [];
  /** What handlers, the server and the reactor have reported. */
  readonly heard: unknown[] = [];
  readonly #peers: Peer[] = [];

  private constructor(world: World, { limits = {}, reactor, ...rest }: HttpSiteOptions) {
    this.world = world;
    const note = (error: unknown): void => void this.heard.push(error);
    this.reactor = world.createReactor({ ...reactor, onError: note });
    this.server = new HttpServer(this.reactor, {
      ...rest,
      limits: { maxConnectionsPerAddress: 0, ...limits },
      onAnswer: (record) => void this.records.push(record),
      onError: note,
      wallMs: () => this.reactor.now(),
    });
    sites.push(this);
  }

  /** `mount` adds routes. */
  static async open(
    world: World,
    mount: (server: HttpServer, reactor: Reactor) => unknown,
    options: HttpSiteOptions = {},
  ): Promise<HttpSite> {
    const site = new HttpSite(world, options);
    mount(site.server, site.reactor);
    await world.run(site.server.listen(world.address() as never));
    return site;
  }

  /** A raw peer, connecting. */
  dial(): Peer {
    const peer = this.world.dial({ localAddress: this.server.addresses[0] } as Listener);
    this.#peers.push(peer);
    return peer;
  }

  /** Somebody who has connected. */
  async come(): Promise<HttpGuest> {
    const before = this.reactor.stats().accepted;
    const peer = this.dial();
    const accepted = (): boolean => this.reactor.stats().accepted > before;
    await this.world.until(() => peer.connected && accepted(), "a connection");
    return new HttpGuest(this, peer);
  }

  /** The messages of what was heard. */
  get complaints(): readonly string[] {
    return this.heard.map((error) => (error as Error).message);
  }

  async end(): Promise<void> {
    const closing = this.server.close({ drainMs: 0 });
    for (const peer of this.#peers) peer.destroy();
    await this.world.run(closing);
    this.server.assertInvariants();
    const held = (): boolean => this.reactor.stats().open > 0;
    await this.world.until(() => !held(), "all descriptors to be given back");
    expect(this.reactor.stats()).toMatchObject({ bufferedBytes: 0, timers: 0 });
  }
}

export class HttpGuest {
  readonly site: HttpSite;
  readonly peer: Peer;
  readonly #methods: string[] = [];
  #taken = 0;

  constructor(site: HttpSite, peer: Peer) {
    this.site = site;
    this.peer = peer;
  }

  get gone(): boolean {
    return this.peer.ended || this.peer.closed || this.peer.errorCode !== null;
  }

  /** All answers so far, the last one as far as it came. */
  get answers(): readonly Answer[] {
    return readAnswers(this.peer.received, this.#methods, this.gone);
  }

  get statuses(): readonly number[] {
    return this.answers.map(({ status }) => status);
  }

  /** Bytes as they are; `methods` of the requests in them. */
  say(bytes: string | Uint8Array, ...methods: readonly string[]): void {
    this.#methods.push(...methods);
    this.peer.write(bytes);
  }

  /** A request without a body, unless `fields` say that one follows. */
  request(target: string, method = "GET", ...fields: readonly string[]): void {
    const lines = [`${method} ${target} HTTP/1.1`, "Host: here", ...fields, "", ""];
    this.say(lines.join("\r\n"), method);
  }

  /** The next whole answer. */
  async next(): Promise<Answer> {
    const there = (): boolean => this.answers[this.#taken]?.isWhole === true;
    await this.site.world.until(() => there() || this.gone, "an answer");
    const answer = this.answers[this.#taken];
    if (answer === undefined) throw new Error(`no answer: ${this.peer.errorCode ?? "it ended"}`);
    this.#taken++;
    return answer;
  }

  ask(target: string, method = "GET", ...fields: readonly string[]): Promise<Answer> {
    this.request(target, method, ...fields);
    return this.next();
  }

  /** Until our side has ended. */
  async ended(): Promise<void> {
    await this.site.world.until(() => this.gone, "the end");
  }
}
