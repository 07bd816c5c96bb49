/** A reactor with something to see in it, the console's routes over it, and pages that watch. */
import { afterEach } from "vitest";

import { READABLE, type Channel, type Listener, type Reactor, type ReactorOptions } from "iomux";

import { CONSOLE_SERVER } from "../../examples/console/console.ts";
import type {
  DescriptorList,
  DescriptorRow,
  FeedEvents,
  Hello,
  Incident,
  Load,
  Look,
  Table,
  TurnPicture,
} from "../../examples/console/feed.ts";
import { mountFeed } from "../../examples/console/feed-routes.ts";
import type { LiveFeed } from "../../examples/console/live-feed.ts";
import type { Delay, LoopDelay } from "../../examples/console/loop-delay.ts";
import type { HttpLimits } from "../../examples/http/server/limits.ts";
import { HttpSite, type HttpGuest } from "../support/http-site.ts";
import type { Peer, World } from "../support/world.ts";

const feeds: LiveFeed[] = [];

afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
});

/** Milliseconds in which a feed has told all there is, whatever its looks cost. */
export const ALL_TOLD_MS = 15_000;

/** A delay that a test sets, and whether anybody measures it. */
class FakeLoopDelay implements LoopDelay {
  running = 0;
  delay: Delay = { meanMs: 0, mostMs: 0 };

  start(): void {
    this.running++;
  }

  take(): Delay {
    return this.delay;
  }

  stop(): void {
    this.running--;
  }
}

export interface ConsoleStageOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly costMs?: () => number;
  readonly reactor?: ReactorOptions;
}

export class ConsoleStage {
  readonly world: World;
  readonly site: HttpSite;
  readonly reactor: Reactor;
  readonly feed: LiveFeed;
  readonly loopDelay = new FakeLoopDelay();
  /** Where the traffic goes: what comes is sent back. */
  readonly echo: Listener;
  /** Connections that the echo server has accepted. */
  readonly channels: Channel[] = [];

  private constructor(site: HttpSite, echo: Listener, costMs: () => number) {
    this.world = site.world;
    this.site = site;
    this.reactor = site.reactor;
    this.echo = echo;
    this.feed = mountFeed(site.server, {
      reactor: site.reactor,
      program: "stage",
      features: { chat: false, files: true },
      wallMs: () => 1_000_000 + Math.floor(site.reactor.now()),
      startedMs: 900_000,
      loopDelay: this.loopDelay,
      costMs,
      accountOf: ({ fields }) => fields.get("x-account"),
    });
    feeds.push(this.feed);
    echo.label = "echo";
    site.reactor.register(echo, READABLE, () => {
      this.#accept();
    });
  }

  static async open(world: World, options: ConsoleStageOptions = {}): Promise<ConsoleStage> {
    const { limits = {}, costMs = () => 0 } = options;
    const site = await HttpSite.open(world, () => undefined, {
      ...CONSOLE_SERVER,
      limits: { idleMs: 1e9, headMs: 1e9, writeProgressMs: 1e9, ...limits },
      ...(options.reactor === undefined ? {} : { reactor: options.reactor }),
    });
    const echo = await world.run(site.reactor.listen(world.address()));
    return new ConsoleStage(site, echo, costMs);
  }

  #accept(): void {
    for (let peer = this.echo.accept(); peer !== null; peer = this.echo.accept()) {
      this.channels.push(peer);
      this.reactor.register(peer, READABLE, answer);
    }
  }

  /** A connection of the echo server, and its peer. */
  async connect(): Promise<{ channel: Channel; peer: Peer }> {
    const before = this.channels.length;
    const peer = this.world.dial(this.echo);
    const there = (): boolean => peer.connected && this.channels.length > before;
    await this.world.until(there, "a connection");
    return { channel: this.channels.at(-1)!, peer };
  }

  /** A page that has opened the feed; `fields` of its request. */
  async watch(...fields: readonly string[]): Promise<FeedPage> {
    const guest = await this.site.come();
    guest.request("/api/feed", "GET", ...fields);
    return new FeedPage(guest);
  }

  /** What `/api/descriptors` says, without the connections of pages and of who asks. */
  async listed(): Promise<Map<number, DescriptorRow>> {
    const guest = await this.site.come();
    const { body } = await guest.ask("/api/descriptors");
    const { descriptors } = JSON.parse(body.toString()) as DescriptorList;
    guest.peer.end();
    await guest.ended();
    return rowsOf(descriptors);
  }
}

/** Sends back as much as there is room for. */
export function answer(channel: Channel): void {
  const bytes = channel.read(Math.max(1, channel.room));
  if (bytes === null) return;
  if (bytes.length === 0) channel.close();
  else channel.write(bytes);
}

/** Those that do not change because somebody looks. */
function rowsOf(rows: Iterable<DescriptorRow>): Map<number, DescriptorRow> {
  return new Map([...rows].filter(isStill).map((row) => [row.fd, row]));
}

function isStill({ owner }: DescriptorRow): boolean {
  return owner === "echo" || owner.startsWith("x");
}

/** What a page does with the events of the feed. */
export class FeedPage {
  readonly guest: HttpGuest;
  readonly hellos: Hello[] = [];
  readonly loads: Load[] = [];
  readonly turns: TurnPicture[] = [];
  readonly incidents: Incident[] = [];
  readonly looks: Look[] = [];
  readonly tables: Table[] = [];
  readonly #rows = new Map<number, DescriptorRow>();
  #read = 0;
  /** Names of the events, in order. */
  readonly events: (keyof FeedEvents)[] = [];

  constructor(guest: HttpGuest) {
    this.guest = guest;
  }

  /** All that has come by now. */
  read(): this {
    const text = this.guest.answers[0]?.body.toString() ?? "";
    for (let end = text.indexOf("\n\n", this.#read); end !== -1;) {
      this.#hear(text.slice(this.#read, end));
      this.#read = end + 2;
      end = text.indexOf("\n\n", this.#read);
    }
    return this;
  }

  get rows(): Map<number, DescriptorRow> {
    return rowsOf(this.#rows.values());
  }

  get size(): number {
    return this.#rows.size;
  }

  #hear(block: string): void {
    const [first = "", second = ""] = block.split("\n");
    if (!first.startsWith("event: ")) return;
    const name = first.slice(7) as keyof FeedEvents;
    const message: unknown = JSON.parse(second.slice(6));
    this.events.push(name);
    this.#take[name](message as never);
  }

  readonly #take: { readonly [N in keyof FeedEvents]: (message: FeedEvents[N]) => void } = {
    hello: (hello) => {
      this.hellos.push(hello);
    },
    table: (table) => {
      this.tables.push(table);
      this.#rows.clear();
      for (const row of table.descriptors) this.#rows.set(row.fd, row);
    },
    look: (look) => {
      this.looks.push(look);
      for (const fd of look.gone) this.#rows.delete(fd);
      for (const row of look.changed) this.#rows.set(row.fd, row);
    },
    load: (load) => {
      this.loads.push(load);
    },
    turn: (turn) => {
      this.turns.push(turn);
    },
    incident: (incident) => {
      this.incidents.push(incident);
    },
  };
}
