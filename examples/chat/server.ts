/**
 * The room on the library's server: connections are its members, and frames their lines.
 *
 * Who reads must not be taken for a slow reader because many speak at once. In a turn or two what
 * is under the high-water mark leaves; so lines that come to a quarter of that are said in a turn,
 * and the others are held until the next one.
 */
import {
  broadcast,
  formatAddress,
  lines,
  serve,
  TokenBucket,
  type CloseReason,
  type Connection,
  type Reactor,
  type Server,
  type SocketAddress,
  type Timer,
  type TurnedAway,
} from "iomux";

import type { Action, Tell } from "./actions.ts";
import type { Settings } from "./flags.ts";
import { Journal } from "../program/journal.ts";
import type { Moment } from "./moment.ts";
import { readLine, type LineEvent } from "./protocol.ts";
import { inputState, statsLines, whyDisconnected, whyTurnedAway } from "./reports.ts";
import { Room } from "./room.ts";
import { TelnetFilter, TIMING_MARK_ANSWER } from "../telnet/filter.ts";
import { LOCALES, type RoomCounts, type Texts } from "./texts.ts";

/** Connections over `maxMembers`: those that are being told that the room is full, or good-bye. */
const PASSING_CONNECTIONS = 100;

/** Lines over a member's limit are dropped; those over so many times the limit are not even read. */
const READING_AHEAD = 20;

/** Lines of the journal in a second, and at once. */
const JOURNAL_LINES = { perSecond: 5, burst: 20 };

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

interface MemberData {
  /** Of the lines that were dropped for it, how many it knows of. */
  toldOfDropped: number;
}

type Member = Connection<Buffer, MemberData>;

export class ChatServer {
  readonly #reactor: Reactor;
  readonly #options: ChatOptions;
  readonly #texts: Texts;
  readonly #room: Room<Member>;
  readonly #journal: Journal;
  #server: Server<Buffer, MemberData> | null = null;
  #bytesInTurn = 0;
  #nextTurn: Promise<void> | null = null;
  #shutdown: Timer | null = null;

  private constructor(reactor: Reactor, options: ChatOptions) {
    const { settings, log } = options;
    this.#reactor = reactor;
    this.#options = options;
    this.#texts = LOCALES[settings.locale];
    this.#room = new Room<Member>({
      texts: this.#texts,
      maxNameLength: settings.maxNameLength,
      maxNameTries: settings.nameTries,
      maxMembers: settings.maxMembers,
      muteMs: settings.muteSeconds * 1000,
      linesPerSecond: settings.linesPerSecond,
      limiter: () => lineLimiter(settings),
      history: { maxLines: settings.historyLines, maxBytes: settings.historyBytes },
      where: ({ remoteAddress }) => formatAddress(remoteAddress),
      address: ({ remoteAddress }) => machineOf(remoteAddress),
    });
    this.#journal = new Journal({
      limiter: new TokenBucket(JOURNAL_LINES),
      write: log,
      leftOut: this.#texts.leftOut,
    });
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
        chat.#tellOfDropped(member);
      },
      expire: (member, reason) => {
        const text = chat.#texts.timeUp[reason === "handshake" ? "handshake" : "idle"];
        chat.#tellOfDropped(member);
        chat.#carry([{ kind: "tell", to: [member], from: null, text }]);
        chat.#noteDisconnection(member, reason);
        chat.#carry(chat.#room.leave(member, chat.#now()));
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
        chat.#noteTurnedAway(why, address);
        channel.write(Buffer.from(`${chat.#farewellFor(why)}\n`));
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

  /** The administrator typed a line. */
  administrator(event: LineEvent): void {
    if (event.kind === "line") this.#carry(this.#room.administrator(event.text, this.#now()));
    else if (event.reason === "not-utf8") this.#options.log(this.#texts.lineNotUtf8);
    else this.#options.log(this.#texts.lineTooLong(event.maxBytes));
  }

  /** Tells everybody that the chat ends, and resolves when all have left. */
  async end(drainMs: number): Promise<void> {
    this.#shutdown?.cancel();
    for (const member of this.#server!.connections) this.#tellOfDropped(member);
    this.#carry(this.#room.end());
    const { cutOff } = await this.#server!.close({ drainMs });
    for (const { peer, queued } of cutOff) {
      this.#journal.note(this.#texts.cutOff(peer, queued), this.#reactor.now());
    }
    this.#journal.flush();
  }

  assertInvariants(): void {
    this.#room.assertInvariants();
    this.#server!.assertInvariants();
  }

  /** Takes telnet's bytes out of what a member sends, and answers those that want an answer. */
  #filterTelnet(member: Member): void {
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
  #hear(member: Member, event: LineEvent): void | Promise<void> {
    if (this.#crowded) return this.#hearLater(member, event);
    this.#hearNow(member, event);
  }

  async #hearLater(member: Member, event: LineEvent): Promise<void> {
    while (this.#crowded) await (this.#nextTurn ??= this.#turnEnds());
    this.#hearNow(member, event);
  }

  #hearNow(member: Member, event: LineEvent): void {
    this.#carry(this.#room.hear(member, event, this.#now()));
  }

  get #crowded(): boolean {
    return this.#bytesInTurn >= highWaterMark(this.#options.settings) / 4;
  }

  #turnEnds(): Promise<void> {
    return new Promise((resolve) => {
      this.#reactor.defer(() => {
        this.#bytesInTurn = 0;
        this.#nextTurn = null;
        resolve();
      });
    });
  }

  #carry(actions: readonly Action<Member>[]): void {
    // What was left out is told before the last word is said.
    for (const action of actions) {
      if (action.kind === "disconnect") this.#tellOfDropped(action.member);
    }
    for (const action of actions) this.#do(action);
  }

  #do(action: Action<Member>): void {
    const { log, transcript } = this.#options;
    switch (action.kind) {
      case "tell":
        this.#tell(action);
        break;
      case "established":
        action.member.establish();
        break;
      case "disconnect":
        action.member.end();
        break;
      case "console":
        if (transcript || !action.transcript) log(action.text);
        break;
      case "stats":
        for (const line of this.#statsLines()) log(line);
        break;
      case "explain":
        log(this.#explained(action.member, action.name));
        break;
      case "shutdown":
        this.#shutDownIn(action.seconds);
    }
  }

  #tell({ to, from, text }: Tell<Member>): void {
    const bytes = Buffer.from(`${text}\n`);
    this.#bytesInTurn += bytes.length;
    this.#nextTurn ??= this.#turnEnds();
    const [only] = to;
    // What answers a member is that member's own doing.
    if (to.length === 1 && from === null) only!.send(bytes);
    else broadcast(to, bytes, from === null ? {} : { except: from, source: from });
  }

  #tellOfDropped(member: Member): void {
    const dropped = member.droppedFrames - member.data.toldOfDropped;
    if (dropped === 0) return;
    const told = member.send(Buffer.from(`${this.#texts.dropped(dropped)}\n`));
    if (told) member.data.toldOfDropped += dropped;
  }

  #noteDisconnection(member: Member, reason: CloseReason): void {
    const why = whyDisconnected(this.#texts, reason);
    if (why === null) return;
    const name = this.#room.nameOf(member);
    const line = this.#texts.disconnected(name, formatAddress(member.remoteAddress), why);
    this.#journal.note(line, this.#reactor.now());
  }

  #noteTurnedAway(reason: TurnedAway, address: SocketAddress | null): void {
    const why = whyTurnedAway(this.#texts, reason);
    if (why === null) return;
    this.#journal.note(this.#texts.turnedAway(formatAddress(address), why), this.#reactor.now());
  }

  #statsLines(): string[] {
    return statsLines(this.#texts, this.#server!.stats(), this.#reactor.stats());
  }

  #explained({ channel, remoteAddress, backlog }: Member, name: string): string {
    const { reading } = this.#reactor.explain(channel);
    return this.#texts.explained(name, formatAddress(remoteAddress), inputState(reading), backlog);
  }

  #farewellFor(why: TurnedAway): string {
    const { maxMembers, maxPerAddress } = this.#options.settings;
    switch (why) {
      case "closing":
        return this.#texts.ending(0);
      case "max-connections-per-address":
        return this.#texts.tooManyFromThere(maxPerAddress);
      case "accepts-per-second":
        return this.#texts.tooManyAtOnce;
      default:
        return this.#texts.full(maxMembers);
    }
  }

  #shutDownIn(seconds: number): void {
    this.#shutdown?.cancel();
    this.#shutdown = this.#reactor.setTimer(seconds * 1000, this.#options.onShutdown);
  }
}

/** An IPv4 peer of an IPv6 socket is an IPv4 peer. All of a Unix path are one machine's. */
function machineOf(address: SocketAddress | null): string | null {
  if (address === null || address.family === "unix") return null;
  return address.host.replace(/^::ffff:(?=[\d.]+$)/i, "");
}

function serveOptions(settings: Settings) {
  const { maxLineBytes, linesPerSecond, lineBurst } = settings;
  const framesPerSecond = READING_AHEAD * Math.max(linesPerSecond, lineBurst);
  return {
    listen: settings.listen,
    label: "chat",
    framer: () => lines({ maxBytes: maxLineBytes, overLong: "refuse" }),
    keepAlive: true,
    maxConnections: settings.maxMembers + PASSING_CONNECTIONS,
    maxConnectionsPerAddress: settings.maxPerAddress,
    acceptsPerSecond: settings.joinsPerSecond,
    maxOutputBytes: settings.backlogBytes,
    highWaterMark: highWaterMark(settings),
    outputPolicy: settings.backlogPolicy,
    handshakeMs: settings.joinSeconds * 1000,
    idleMs: settings.idleSeconds * 1000,
    writeProgressMs: settings.stallSeconds * 1000,
    ...(linesPerSecond > 0 && { framesPerSecond, bytesPerSecond: framesPerSecond * maxLineBytes }),
  } as const;
}

/** Below it lines are bytes already; only above it a policy has lines to drop. */
function highWaterMark({ backlogBytes }: Settings): number {
  return Math.floor(backlogBytes / 4);
}

function lineLimiter({ linesPerSecond, lineBurst }: Settings): TokenBucket | null {
  if (linesPerSecond === 0) return null;
  return new TokenBucket({ perSecond: linesPerSecond, burst: lineBurst });
}
