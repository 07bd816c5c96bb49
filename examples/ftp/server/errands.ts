/**
 * What a session asks for, found out or done: with the store, the accounts, the clock and data
 * connections. One errand at a time; what it has opened is here until it is moved or dropped.
 */
import type { Channel, Connection } from "iomux";

import type { Account, Accounts } from "../../accounts/accounts.ts";
import { plainHost } from "../../program/host-address.ts";
import { dial, PassivePort, type DataConnection, type DataSettings } from "./data-port.ts";
import type { Answer, Answers, Change, Moved, Question, Route } from "../effects.ts";
import type { SessionEvent, Source } from "../effects.ts";
import type { FileStore } from "../../files/file-store.ts";
import { homeStore, makeHome } from "../../files/home-store.ts";
import { openSource, type OpenedSource, type SourceSettings } from "./opened-source.ts";
import { Rate, rateLimit, type RateLimit } from "./rate.ts";
import type { TransferProgress } from "./status.ts";
import { change, entries, outcome } from "./store-answers.ts";
import type { TransferRecord } from "./transfer-log.ts";

export interface ErrandSettings extends DataSettings, SourceSettings {
  readonly store: FileStore;
  readonly login: Accounts["login"];
  /** What clients are told to connect to in passive mode; null: the address they came to. */
  readonly advertisedHost: string | null;
  readonly stallMs: number;
  /** Bytes a second of each session; 0: any. */
  readonly sessionBytesPerSecond: number;
  /** Of all of them together. */
  readonly totalRate: RateLimit | null;
  readonly onTransfer: (record: TransferRecord) => void;
  /** Hears of what is nobody's fault but the server's or its machine's. */
  readonly report: (error: unknown) => void;
}

/** The session that they are done for. */
export interface Employer {
  readonly connection: Pick<Connection, "localAddress">;
  /** The client's address, without its port. */
  readonly peerHost: string;
  /** Whether data connections are to be secured, as things stand. */
  readonly protectsData: () => boolean;
  readonly tell: (event: SessionEvent) => void;
}

/** Questions that need nothing of the control connection itself. */
export type Errand = Exclude<Question, { readonly kind: "start-tls" }>;

export class Errands {
  readonly #employer: Employer;
  readonly #settings: ErrandSettings;
  readonly #rate: Rate;
  #store: FileStore;
  #account: Account | null = null;
  #port: PassivePort | null = null;
  #opened: OpenedSource | null = null;
  /** Ends the transfer that runs, or the connecting for it. */
  #abort: (() => void) | null = null;
  #endWait: (() => void) | null = null;
  #giveUpLogin: (() => void) | null = null;
  /** What is moved. */
  #running: Running | null = null;

  constructor(employer: Employer, settings: ErrandSettings) {
    this.#employer = employer;
    this.#settings = settings;
    this.#store = settings.store;
    this.#rate = new Rate([rateLimit(settings.sessionBytesPerSecond), settings.totalRate]);
  }

  async run(errand: Errand): Promise<Answer> {
    const { report, wallMs } = this.#settings;
    const store = this.#store;
    switch (errand.kind) {
      case "check-password":
        return { to: "check-password", value: await this.#logIn(errand) };
      case "wait":
        await this.#wait(errand.ms);
        return { to: "wait", value: null };
      case "listen":
        return { to: "listen", value: await this.#listen() };
      case "entry":
        return { to: "entry", value: await outcome(() => store.entry(errand.path), report) };
      case "entries": {
        const value = await outcome(() => entries(store, errand, wallMs()), report);
        return { to: "entries", value };
      }
      case "change":
        return { to: "change", value: await this.#change(errand.change) };
      case "free-bytes":
        return { to: "free-bytes", value: await outcome(() => store.freeBytes(), report) };
      case "open":
        return { to: "open", value: await this.#open(errand.source) };
      case "move":
        return { to: "move", value: await this.#move(errand) };
    }
  }

  /** What its user calls `/`. */
  get home(): string {
    return this.#account?.home ?? "/";
  }

  /** How far the transfer is; null: none moves. What waits to be sent is not done. */
  get progress(): TransferProgress | null {
    if (this.#running === null) return null;
    const { channel, startedMs, bytes, expected } = this.#running;
    const forMs = this.#settings.reactor.now() - startedMs;
    return { bytes: bytes - channel.queued, expected, forMs };
  }

  closeData(): void {
    this.#port?.close();
    this.#port = null;
  }

  /** Ends what is being connected or moved. */
  abort(): void {
    this.#abort?.();
  }

  endWait(): void {
    this.#endWait?.();
  }

  /** If it waits for its turn, it waits no more. */
  giveUpLogin(): void {
    this.#giveUpLogin?.();
  }

  /** What was opened is not moved. */
  async drop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await outcome(async () => opened?.drop(), this.#settings.report);
  }

  async #logIn({ name, password }: Asked<"check-password">): Promise<Answers["check-password"]> {
    const { store, login, report } = this.#settings;
    try {
      const { signal, abort } = aborter();
      this.#giveUpLogin = abort;
      const admission = await login(name, password, this.#employer.peerHost, signal);
      if (typeof admission === "string") return admission;
      await makeHome(store, admission.home);
      this.#account = admission;
      this.#store = homeStore(store, admission.home);
      return { name: admission.name, home: "/", rights: admission.rights };
    } catch (error) {
      report(error);
      return "busy";
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#settings.reactor.setTimer(ms, () => this.#endWait?.());
      this.#endWait = () => {
        timer.cancel();
        this.#endWait = null;
        resolve();
      };
    });
  }

  async #listen(): Promise<Answers["listen"]> {
    const { advertisedHost, tls } = this.#settings;
    const at = this.#employer.connection.localAddress;
    if (at === null || at.family === "unix") return null;
    const port = await PassivePort.open(this.#settings, {
      host: plainHost(at.host),
      peerHost: this.#employer.peerHost,
      secure: this.#employer.protectsData() && tls !== null,
      onUnused: () => {
        this.#port = null;
        this.#employer.tell({ kind: "data-closed" });
      },
    });
    this.#port = port;
    return port && { ...port.address, host: advertisedHost ?? port.address.host };
  }

  async #change(wanted: Change): Promise<Answers["change"]> {
    const { report, wallMs } = this.#settings;
    const startedMs = wallMs();
    const done = await outcome(() => change(this.#store, wanted), report);
    if (wanted.kind === "remove" && done.ok) {
      this.#log({ direction: "delete", path: wanted.path, bytes: 0, startedMs, isComplete: true });
    }
    return done;
  }

  async #open(source: Source): Promise<Answers["open"]> {
    const settings = this.#settings;
    const opened = await outcome(() => openSource(source, this.#store, settings), settings.report);
    if (!opened.ok) return opened;
    this.#opened = opened.value;
    return { ok: true, value: opened.value.opened };
  }

  async #move({ route, secure, ascii }: Asked<"move">): Promise<Moved> {
    const opened = this.#opened!;
    const startedMs = this.#settings.wallMs();
    const channel = await this.#connect(route, secure);
    if (typeof channel === "string") {
      await this.drop();
      return { ok: false, why: channel };
    }
    this.#opened = null;
    const running = {
      channel,
      startedMs: this.#settings.reactor.now(),
      bytes: 0,
      expected: ascii ? null : opened.expected,
    };
    this.#running = running;
    const { reactor, stallMs, report } = this.#settings;
    const moving = opened.move(channel, ascii, {
      reactor,
      stallMs,
      report,
      rate: this.#rate,
      onMoved: (more) => {
        running.bytes += more;
        this.#employer.tell({ kind: "moved", bytes: more });
      },
    });
    this.#abort = () => {
      moving.abort();
    };
    const moved = await moving.done;
    this.#abort = null;
    this.#running = null;
    const { direction } = opened;
    if (direction !== null) {
      const { path } = opened.opened;
      this.#log({ direction, path, bytes: running.bytes, startedMs, ascii, isComplete: moved.ok });
    }
    return moved;
  }

  async #connect(route: Route, secure: boolean): Promise<DataConnection | "aborted"> {
    const { signal, abort } = aborter();
    this.#abort = abort;
    const port = this.#port;
    this.#port = null;
    const channel = await (route.kind === "active"
      ? dial(route, secure, this.#settings, signal)
      : (port?.connection(secure, signal) ?? "no-connection"));
    this.#abort = null;
    if (!signal.aborted) return channel;
    if (typeof channel !== "string") channel.abort();
    return "aborted";
  }

  #log(done: Done): void {
    const { onTransfer, wallMs } = this.#settings;
    const { home, name, isAnonymous } = this.#account!;
    const endedMs = wallMs();
    onTransfer({
      endedMs,
      tookMs: endedMs - done.startedMs,
      host: this.#employer.peerHost,
      bytes: done.bytes,
      path: home === "/" ? done.path : home + done.path,
      type: done.ascii === true ? "ascii" : "binary",
      direction: done.direction,
      access: isAnonymous ? "anonymous" : "user",
      user: name,
      isComplete: done.isComplete,
    });
  }
}

type Asked<K extends Question["kind"]> = Extract<Question, { readonly kind: K }>;

interface Running {
  readonly channel: Channel;
  readonly startedMs: number;
  bytes: number;
  readonly expected: number | null;
}

interface Done extends Pick<TransferRecord, "direction" | "path" | "bytes" | "isComplete"> {
  readonly startedMs: number;
  readonly ascii?: boolean;
}

function aborter(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    abort: () => {
      controller.abort();
    },
  };
}
