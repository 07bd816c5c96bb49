/**
 * A control connection: what its session wants done is done here, with the store, the clock and
 * data connections. All that is said to the client, the session says.
 */
import type { Connection, Timer } from "iomux";

import type { Account, Login as Admission } from "./accounts.ts";
import { plainHost } from "../addresses.ts";
import { dial, PassivePort, type DataConnection, type DataSettings } from "./data-port.ts";
import type { Answer, Answers, Change, Effect, Moved, Question, Route } from "../effects.ts";
import type { SessionEvent, Source } from "../effects.ts";
import type { FileStore } from "../store/file-store.ts";
import { homeStore } from "../store/home-store.ts";
import { openSource, type OpenedSource, type SourceSettings } from "./opened-source.ts";
import { Rate, rateLimit, type RateLimit } from "./rate.ts";
import { formatReply } from "../replies.ts";
import { Session } from "../session.ts";
import type { SessionSettings } from "../state.ts";
import { change, entries, makeHome, outcome } from "./store-answers.ts";
import { ControlFilter } from "../telnet.ts";
import type { TransferRecord } from "./transfer-log.ts";
import { TIMING_MARK_ANSWER } from "../../telnet/filter.ts";

export interface ControlSettings extends DataSettings, SourceSettings {
  readonly session: Omit<SessionSettings, "peerHost">;
  readonly login: (name: string, password: string, host: string) => Promise<Admission>;
  /** What clients are told to connect to in passive mode; null: the address they came to. */
  readonly advertisedHost: string | null;
  /** 0: any time. */
  readonly idleMs: number;
  readonly stallMs: number;
  /** Bytes a second of each session; 0: any. */
  readonly sessionBytesPerSecond: number;
  /** Of all of them together. */
  readonly totalRate: RateLimit | null;
  readonly onTransfer: (record: TransferRecord) => void;
  /** A session is over: its last words are on their way. */
  readonly onOver: () => void;
  /** Hears of what is nobody's fault but the server's or its machine's. */
  readonly report: (error: unknown) => void;
}

export type Client = Connection<Buffer, ControlConnection>;

export class ControlConnection {
  readonly #connection: Client;
  readonly #settings: ControlSettings;
  readonly #session: Session;
  readonly #peerHost: string;
  readonly #rate: Rate;
  readonly #idle: Timer | null;
  /** The question that TLS is to answer. */
  #securing = 0;
  /** Whether it was told that the session is over. */
  #told = false;
  #store: FileStore;
  #account: Account | null = null;
  #port: PassivePort | null = null;
  #opened: OpenedSource | null = null;
  /** Ends the transfer that runs, or the connecting for it. */
  #abort: (() => void) | null = null;
  #endWait: (() => void) | null = null;

  constructor(connection: Client, settings: ControlSettings) {
    const { reactor, idleMs } = settings;
    const from = connection.remoteAddress;
    this.#connection = connection;
    this.#settings = settings;
    this.#store = settings.store;
    this.#peerHost = from === null || from.family === "unix" ? "" : plainHost(from.host);
    this.#session = new Session({ ...settings.session, peerHost: this.#peerHost });
    this.#rate = new Rate([rateLimit(settings.sessionBytesPerSecond), settings.totalRate]);
    this.#idle =
      idleMs === 0
        ? null
        : reactor.setTimer(idleMs, () => {
            this.#expireIdle();
          });
  }

  begin(): void {
    this.#filterTelnet();
    this.#carryOut(this.#session.begin());
  }

  tell(event: SessionEvent): void {
    this.#carryOut(this.#session.handle(event));
    const { loggedIn, full, over } = this.#session;
    if (loggedIn) this.#connection.establish();
    if (full) this.#connection.pause();
    else this.#connection.resume();
    if (!over) this.#idle?.refresh();
    else if (!this.#told) {
      this.#told = true;
      this.#idle?.cancel();
      this.#settings.onOver();
    }
  }

  get over(): boolean {
    return this.#session.over;
  }

  /** TLS is on: what was before does not count. */
  secured(): void {
    this.#filterTelnet();
    this.#answer(this.#securing, { to: "start-tls", value: null });
  }

  /** It is closed, in whichever way. */
  closed(): void {
    this.tell({ kind: "ended" });
    this.#endWait?.();
  }

  #filterTelnet(): void {
    const telnet = new ControlFilter();
    this.#connection.filter((bytes) => {
      const kept = telnet.filter(bytes);
      if (telnet.takeTimingMark()) this.#connection.send(TIMING_MARK_ANSWER);
      return kept;
    });
  }

  #expireIdle(): void {
    if (this.#session.idle) this.tell({ kind: "expired", what: "idle" });
    else this.#idle?.refresh();
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case "reply":
        this.#connection.send(formatReply(effect.reply));
        break;
      case "ask":
        if (effect.question.kind === "start-tls") this.#startTls(effect.id);
        else void this.#ask(effect.id, effect.question);
        break;
      case "close-data":
        this.#port?.close();
        this.#port = null;
        break;
      case "abort":
        this.#abort?.();
        break;
      case "drop":
        void this.#drop();
        break;
      case "close":
        this.#connection.end();
    }
  }

  /** What nobody has foreseen costs this connection, and no other. */
  async #ask(id: number, question: Question): Promise<void> {
    try {
      this.#answer(id, await this.#find(question));
    } catch (error) {
      this.#settings.report(error);
      this.#connection.abort();
    }
  }

  #answer(id: number, answer: Answer): void {
    this.tell({ kind: "answer", id, answer });
  }

  #startTls(id: number): void {
    this.#securing = id;
    this.#connection.startTls({ server: this.#settings.tls! });
  }

  async #drop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    await outcome(async () => opened?.drop(), this.#settings.report);
  }

  async #find(question: Question): Promise<Answer> {
    const { report, wallMs } = this.#settings;
    const store = this.#store;
    switch (question.kind) {
      case "check-password":
        return { to: "check-password", value: await this.#logIn(question) };
      case "wait":
        await this.#wait(question.ms);
        return { to: "wait", value: null };
      case "start-tls":
        return { to: "start-tls", value: null };
      case "listen":
        return { to: "listen", value: await this.#listen() };
      case "entry":
        return { to: "entry", value: await outcome(() => store.entry(question.path), report) };
      case "entries": {
        const value = await outcome(() => entries(store, question, wallMs()), report);
        return { to: "entries", value };
      }
      case "change":
        return { to: "change", value: await this.#change(question.change) };
      case "free-bytes":
        return { to: "free-bytes", value: await outcome(() => store.freeBytes(), report) };
      case "open":
        return { to: "open", value: await this.#open(question.source) };
      case "move":
        return { to: "move", value: await this.#move(question) };
    }
  }

  async #logIn({ name, password }: Asked<"check-password">): Promise<Answers["check-password"]> {
    const { store, login, report } = this.#settings;
    try {
      const admission = await login(name, password, this.#peerHost);
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
    const at = this.#connection.localAddress;
    if (at === null || at.family === "unix") return null;
    const port = await PassivePort.open(this.#settings, {
      host: plainHost(at.host),
      peerHost: this.#peerHost,
      secure: this.#session.protectsData && tls !== null,
      onUnused: () => {
        this.#port = null;
        this.tell({ kind: "data-closed" });
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
    const settings = { ...this.#settings, store: this.#store };
    const opened = await outcome(() => openSource(source, settings), settings.report);
    if (!opened.ok) return opened;
    this.#opened = opened.value;
    return { ok: true, value: opened.value.opened };
  }

  async #move({ route, secure, ascii }: Asked<"move">): Promise<Moved> {
    const opened = this.#opened!;
    const startedMs = this.#settings.wallMs();
    let bytes = 0;
    const channel = await this.#connect(route, secure);
    if (typeof channel === "string") {
      await this.#drop();
      return { ok: false, why: channel };
    }
    this.#opened = null;
    const moving = opened.move(channel, ascii, {
      ...this.#settings,
      rate: this.#rate,
      onMoved: (more) => {
        bytes += more;
        this.tell({ kind: "moved", bytes: more });
      },
    });
    this.#abort = () => {
      moving.abort();
    };
    const moved = await moving.done;
    this.#abort = null;
    const { direction } = opened;
    if (direction !== null) {
      const { path } = opened.opened;
      this.#log({ direction, path, bytes, startedMs, ascii, isComplete: moved.ok });
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
      host: this.#peerHost,
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
