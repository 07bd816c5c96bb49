/**
 * A control connection: drives its session. Lines go in; what the session says goes to the client,
 * and what it asks to its errands.
 */
import type { Connection, Timer } from "iomux";

import { plainHost } from "../../program/host-address.ts";
import type { Answer, Effect, SessionEvent } from "../effects.ts";
import { Errands, type Errand, type ErrandSettings } from "./errands.ts";
import { formatReply } from "../replies.ts";
import { Session } from "../session.ts";
import type { SessionSettings } from "../state.ts";
import { transferStatus, type Doing, type SessionStatus } from "./status.ts";
import { ControlFilter } from "../telnet.ts";
import { TIMING_MARK_ANSWER } from "../../telnet/filter.ts";

export interface ControlSettings extends ErrandSettings {
  readonly session: Omit<SessionSettings, "peerHost">;
  /** 0: any time. */
  readonly idleMs: number;
  /** A session is over: its last words are on their way. */
  readonly onOver: () => void;
}

export type Client = Connection<Buffer, ControlConnection>;

export class ControlConnection {
  readonly #connection: Client;
  readonly #settings: ControlSettings;
  readonly #session: Session;
  readonly #errands: Errands;
  readonly #idle: Timer | null;
  readonly #peerHost: string;
  readonly #sinceMs: number;
  /** When something last happened to it, other than that bytes have moved. */
  #heardMs: number;
  /** The question that TLS is to answer. */
  #securing = 0;
  /** Whether it was told that the session is over. */
  #told = false;

  constructor(connection: Client, settings: ControlSettings) {
    const { reactor, idleMs } = settings;
    const from = connection.remoteAddress;
    this.#connection = connection;
    this.#settings = settings;
    this.#sinceMs = settings.wallMs();
    this.#heardMs = reactor.now();
    const peerHost = from === null || from.family === "unix" ? "" : plainHost(from.host);
    this.#peerHost = peerHost;
    this.#session = new Session({ ...settings.session, peerHost });
    const employer = {
      connection,
      peerHost,
      protectsData: () => this.#session.protectsData,
      tell: (event: SessionEvent) => {
        this.tell(event);
      },
    };
    this.#errands = new Errands(employer, settings);
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
    if (event.kind !== "moved") this.#heardMs = this.#settings.reactor.now();
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

  status(): SessionStatus {
    return {
      ...{ id: this.#connection.fd, user: this.#session.user },
      ...{ host: this.#peerHost, sinceMs: this.#sinceMs, doing: this.#doing },
    };
  }

  get #doing(): Doing {
    const { transfer, loggedIn, idle } = this.#session;
    if (transfer !== null)
      return transferStatus(transfer, this.#errands.home, this.#errands.progress);
    if (!loggedIn) return { kind: "logs-in" };
    return { kind: idle ? "idle" : "works", forMs: this.#settings.reactor.now() - this.#heardMs };
  }

  get over(): boolean {
    return this.#session.over;
  }

  /** TLS is on: what was before does not count. */
  secured(): void {
    this.#filterTelnet();
    this.#answer(this.#securing, { to: "start-tls", value: null });
  }

  /** The client has sent all that it will, or is gone. */
  ended(): void {
    this.#errands.giveUpLogin();
    this.tell({ kind: "ended" });
  }

  /** It is closed, in whichever way. */
  closed(): void {
    this.ended();
    this.#errands.endWait();
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
        else void this.#run(effect.id, effect.question);
        break;
      case "close-data":
        this.#errands.closeData();
        break;
      case "abort":
        this.#errands.abort();
        break;
      case "drop":
        void this.#errands.drop();
        break;
      case "close":
        this.#connection.end();
    }
  }

  /** What nobody has foreseen costs this connection, and no other. */
  async #run(id: number, errand: Errand): Promise<void> {
    try {
      this.#answer(id, await this.#errands.run(errand));
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
}
