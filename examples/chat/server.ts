/**
 * The room on the library's server: connections are its members, and frames their lines. Guests
 * are members too.
 */
import {
  serve,
  type CloseReason,
  type Reactor,
  type Server,
  type SocketAddress,
  type Timer,
} from "iomux";

import type { Action } from "./actions.ts";
import type { Settings } from "./flags.ts";
import { Guests, machineOf, SeatedGuest, type Admission, type Guest, type Seat } from "./guests.ts";
import type { Moment } from "./moment.ts";
import { OperatorNotes, whereIs } from "./operator-notes.ts";
import { readLine, type LineEvent } from "./protocol.ts";
import { statsLines } from "./reports.ts";
import { Room } from "./room.ts";
import { highWaterMark, roomOptions, serveOptions } from "./server-options.ts";
import {
  addressOf,
  farewell,
  Telling,
  type Connected,
  type Member,
  type MemberData,
} from "./telling.ts";
import { TelnetFilter, TIMING_MARK_ANSWER } from "../telnet/filter.ts";
import { LOCALES, type RoomCounts, type Texts } from "./texts.ts";

export interface ChatOptions {
  readonly settings: Settings;
  /** Whether the operator sees what the members see. */
  readonly transcript: boolean;
  /** Hears what the operator should know, in lines. */
  readonly log: (line: string) => void;
  /** The time of day that members are shown. */
  readonly minuteOfDay: () => number;
  /** The administrator ends the room. */
  readonly onShutdown: () => void;
}

export class ChatServer {
  readonly #reactor: Reactor;
  readonly #options: ChatOptions;
  readonly #texts: Texts;
  readonly #room: Room<Member>;
  readonly #guests: Guests;
  readonly #telling: Telling;
  readonly #notes: OperatorNotes;
  #server: Server<Buffer, MemberData> | null = null;
  #shutdown: Timer | null = null;

  private constructor(reactor: Reactor, options: ChatOptions) {
    const { settings, log } = options;
    this.#reactor = reactor;
    this.#options = options;
    this.#texts = LOCALES[settings.locale];
    this.#room = new Room<Member>({
      ...roomOptions(settings),
      texts: this.#texts,
      where: (member) => whereIs(this.#texts, member),
      address: (member) => machineOf(addressOf(member)),
    });
    this.#telling = new Telling(reactor, this.#texts, highWaterMark(settings));
    this.#guests = new Guests({
      reactor,
      settings,
      crowded: () => this.#telling.crowded,
      hear: (guest, line) => {
        this.#hearNow(guest, line);
      },
      idle: (guest) => {
        this.#expire(guest, "idle");
        this.#guests.remove(guest);
      },
    });
    this.#notes = new OperatorNotes(reactor, this.#texts, log);
  }

  /** Rejects with one line if an address cannot be had; then none is. */
  static async open(reactor: Reactor, options: ChatOptions): Promise<ChatServer> {
    const chat = new ChatServer(reactor, options);
    const { settings } = options;
    chat.#server = await serve<Buffer, MemberData>(reactor, serveOptions(settings), {
      open: (member) => {
        member.data = { toldOfDropped: 0 };
        chat.#filterTelnet(member);
        chat.#carry(chat.#room.enter(member));
      },
      frame: (member, bytes) => chat.#hear(member, readLine(bytes)),
      refused: (member, { maxBytes }) => {
        chat.#hearNow(member, { kind: "refused", reason: "too-long", maxBytes });
      },
      drain: (member) => {
        chat.#telling.tellOfDropped(member);
      },
      expire: (member, reason) => {
        chat.#telling.tellOfDropped(member);
        chat.#expire(member, reason);
      },
      end: (member) => {
        chat.#carry(chat.#room.leave(member, chat.#now()));
        member.end();
      },
      close: (member, reason) => {
        // Whose time was up has left then.
        if (reason !== "handshake" && reason !== "idle") chat.#noteDisconnection(member, reason);
        chat.#carry(chat.#room.leave(member, chat.#now()));
      },
      turnedAway: (why, address, channel) => {
        chat.#notes.turnedAway(why, address);
        channel.write(Buffer.from(`${farewell(chat.#texts, settings, why)}\n`));
      },
    });
    return chat;
  }

  get addresses(): readonly SocketAddress[] {
    return this.#server!.addresses;
  }

  get counts(): RoomCounts {
    return this.#room.counts;
  }

  /** Bytes of a line that a member may say. */
  get maxLineBytes(): number {
    return this.#options.settings.maxLineBytes;
  }

  /** Somebody without a connection comes, and is told the same as the others from then on. */
  admit(guest: Guest, name: string): Admission {
    const reason = this.#guests.refuses(guest.address, this.#connectedFrom());
    if (reason !== null) {
      this.#notes.turnedAway(reason, guest.address);
      const why = farewell(this.#texts, this.#options.settings, reason);
      return { seat: null, why, soon: reason === "accepts-per-second" };
    }
    const member = this.#guests.seat(guest);
    const actions = this.#room.enterAs(member, this.#lineOf(name), this.#now());
    if (typeof actions === "string") return { seat: null, why: actions, soon: false };
    this.#guests.add(member);
    this.#carry(actions);
    return { seat: this.#seatOf(member) };
  }

  #seatOf(member: SeatedGuest): Seat {
    const nameNow = (): string | null => this.#room.nameOf(member);
    return {
      get name() {
        return nameNow();
      },
      say: (line) => member.say(this.#lineOf(line)),
      leave: () => {
        this.#carry(this.#room.leave(member, this.#now()));
        this.#guests.remove(member);
      },
    };
  }

  *#connectedFrom(): Generator<SocketAddress | null> {
    for (const { remoteAddress } of this.#server!.connections) yield remoteAddress;
  }

  #lineOf(text: string): LineEvent {
    const { maxLineBytes: maxBytes } = this;
    const bytes = Buffer.from(text);
    if (bytes.length > maxBytes) return { kind: "refused", reason: "too-long", maxBytes };
    return readLine(bytes);
  }

  /** The administrator typed a line. */
  administrator(event: LineEvent): void {
    if (event.kind === "line") this.#carry(this.#room.administrator(event.text, this.#now()));
    else if (event.reason === "not-utf8") this.#options.log(this.#texts.lineNotUtf8);
    else this.#options.log(this.#texts.lineTooLong(event.maxBytes));
  }

  /** Tells everybody that the chat ends, and resolves when all have left. */
  async end(drainMs: number): Promise<void> {
    this.#shutdown?.cancel();
    for (const member of this.#server!.connections) this.#telling.tellOfDropped(member);
    this.#carry(this.#room.end());
    for (const guest of this.#guests.all) {
      this.#room.leave(guest, this.#now());
      this.#guests.remove(guest);
    }
    const { cutOff } = await this.#server!.close({ drainMs });
    for (const { peer, queued } of cutOff) this.#notes.cutOff(peer, queued);
    this.#notes.flush();
  }

  assertInvariants(): void {
    this.#room.assertInvariants();
    this.#server!.assertInvariants();
  }

  /** Takes telnet's bytes out of what a member sends, and answers those that want an answer. */
  #filterTelnet(member: Connected): void {
    const telnet = new TelnetFilter();
    member.filter((bytes) => {
      const kept = telnet.filter(bytes);
      if (telnet.takeTimingMark()) member.send(TIMING_MARK_ANSWER);
      return kept;
    });
  }

  #now(): Moment {
    return { ms: this.#reactor.now(), minuteOfDay: this.#options.minuteOfDay() };
  }

  /** A promise holds back the member's next line. */
  #hear(member: Connected, event: LineEvent): void | Promise<void> {
    if (this.#telling.crowded) return this.#hearLater(member, event);
    this.#hearNow(member, event);
  }

  async #hearLater(member: Connected, event: LineEvent): Promise<void> {
    while (this.#telling.crowded) await this.#telling.calmer();
    this.#hearNow(member, event);
  }

  #hearNow(member: Member, event: LineEvent): void {
    this.#carry(this.#room.hear(member, event, this.#now()));
  }

  #carry(actions: readonly Action<Member>[]): void {
    // What was left out is told before the last word is said.
    for (const action of actions) {
      if (action.kind !== "disconnect" || action.member instanceof SeatedGuest) continue;
      this.#telling.tellOfDropped(action.member);
    }
    for (const action of actions) this.#do(action);
  }

  #do(action: Action<Member>): void {
    const { log, transcript } = this.#options;
    switch (action.kind) {
      case "tell":
        this.#telling.tell(action, this.#guests.size > 0);
        break;
      case "established":
        if (!(action.member instanceof SeatedGuest)) action.member.establish();
        break;
      case "disconnect":
        if (action.member instanceof SeatedGuest) this.#guests.remove(action.member);
        else action.member.end();
        break;
      case "console":
        if (transcript || !action.transcript) log(action.text);
        break;
      case "stats":
        for (const line of this.#statsLines()) log(line);
        break;
      case "explain":
        log(this.#notes.explained(action.member, action.name));
        break;
      case "shutdown":
        this.#shutDownIn(action.seconds);
    }
  }

  /** Somebody's time is up. */
  #expire(member: Member, reason: CloseReason): void {
    const text = this.#texts.timeUp[reason === "handshake" ? "handshake" : "idle"];
    this.#carry([{ kind: "tell", to: [member], from: null, text }]);
    this.#noteDisconnection(member, reason);
    this.#carry(this.#room.leave(member, this.#now()));
  }

  #noteDisconnection(member: Member, reason: CloseReason): void {
    this.#notes.disconnected(member, this.#room.nameOf(member), reason);
  }

  #statsLines(): string[] {
    return statsLines(this.#texts, this.#server!.stats(), this.#reactor.stats());
  }

  #shutDownIn(seconds: number): void {
    this.#shutdown?.cancel();
    this.#shutdown = this.#reactor.setTimer(seconds * 1000, this.#options.onShutdown);
  }
}
