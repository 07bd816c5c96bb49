/** Everything that the room says: one table per language, in `texts/`. */
import type { NameProblem } from "./name.ts";
import { ENGLISH } from "./texts/en.ts";
import { CHINESE } from "./texts/zh.ts";

export type MemberCommandName = "who" | "me" | "msg" | "nick" | "history" | "help" | "quit";

export type AdminCommandName = "who" | "kick" | "mute" | "stats" | "explain" | "shutdown" | "help";

export interface RoomCounts {
  readonly members: number;
  readonly nameless: number;
  readonly joins: number;
  readonly messages: number;
  readonly mutes: number;
  readonly historyLines: number;
  readonly historyBytes: number;
}

/** Why the server disconnects a member, and tells the operator. */
export type Disconnection =
  "handshake" | "idle" | "write-stalled" | "overflow" | "budget" | "error" | "handler-error";

/** Why the server turns somebody away at the door. */
type Refusal = "max-connections" | "max-connections-per-address" | "accepts-per-second";

/** How others end whom the operator is not told of: they ended, we let them go, or they broke off. */
type Departure = "end" | "local" | "reset";

interface ConnectionCounts {
  readonly connections: number;
  /** Bytes. */
  readonly backlog: number;
  readonly droppedFrames: number;
}

/** `stats()` of a reactor has these, among others. */
export interface LoopCounts {
  readonly turns: number;
  readonly dispatches: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly bufferedBytes: number;
  readonly slowHandlers: number;
  readonly handlerErrors: number;
  /** Connections for which no descriptor was left. */
  readonly refused: number;
}

/** Whether what a member types is read: at once, later because a limit says so, or not any more. */
export type InputState = "open" | "waiting" | "over";

/** A command as it is written, and what it does. */
export type Usage = readonly [written: string, does: string];

export interface Texts {
  readonly askName: string;
  nameRefused(problem: NameProblem, maxLength: number): string;
  nameTaken(name: string): string;
  readonly tooManyTries: string;
  full(maxMembers: number): string;
  tooManyFromThere(max: number): string;
  tooManyGuests(max: number): string;
  readonly tooManyAtOnce: string;

  welcome(name: string, others: readonly string[], othersInAll: number): string;
  joined(name: string): string;
  left(name: string): string;
  renamed(before: string, after: string): string;
  removed(name: string): string;
  says(name: string, message: string): string;
  does(name: string, action: string): string;
  admin(message: string): string;
  ending(seconds: number): string;

  whispered(from: string, message: string): string;
  whisperSent(to: string, message: string): string;
  youAre(name: string): string;
  who(names: readonly string[], inAll: number): string;
  readonly noHistory: string;
  readonly goodbye: string;
  /** The last that somebody hears whose time is up. */
  readonly timeUp: Readonly<Record<"handshake" | "idle", string>>;
  readonly removedYou: string;
  mutedYou(seconds: number): string;
  readonly unmutedYou: string;
  /** Somebody comes who is muted already. */
  stillMuted(seconds: number): string;
  /** What somebody who is muted says is dropped. */
  mutedLine(seconds: number): string;
  tooFast(perSecond: number, muteSeconds: number): string;
  mutedForSpeed(perSecond: number, muteSeconds: number): string;
  dropped(lines: number): string;

  lineTooLong(maxBytes: number): string;
  readonly lineNotUtf8: string;
  nobodyCalled(name: string): string;
  unknownCommand(command: string): string;
  misused(usage: Usage): string;
  readonly memberCommands: Readonly<Record<MemberCommandName, Usage>>;
  readonly adminCommands: Readonly<Record<AdminCommandName, Usage>>;
  /** What `/help` says below its commands. */
  readonly memberHelp: string;
  readonly adminHelp: string;

  /** One member, as the administrator sees it. */
  person(name: string, where: string, mutedSeconds: number): string;
  /** Where a member is who has no connection of its own. */
  inPage(where: string): string;
  nameless(count: number): string;
  readonly nobodyHere: string;
  muted(name: string, seconds: number): string;
  unmuted(name: string): string;
  /** Not now, but in so many seconds. */
  shutdown(seconds: number): string;
  counts(counts: RoomCounts): string;
  connections(counts: ConnectionCounts): string;
  goneSoFar(causes: readonly string[]): string;
  turnedAwaySoFar(causes: readonly string[]): string;
  loop(counts: LoopCounts): string;
  explained(name: string, where: string, input: InputState, backlog: number): string;

  open(address: string): string;
  enterWith(command: string): string;
  readonly howToEnd: string;
  /** Ctrl+D at the room's terminal. */
  readonly inputEnded: string;
  endingIn(seconds: number): string;
  cutOff(peer: string, bytes: number): string;
  disconnected(name: string | null, where: string, why: string): string;
  readonly disconnections: Readonly<Record<Disconnection, string>>;
  readonly departures: Readonly<Record<Departure, string>>;
  turnedAway(where: string, why: string): string;
  readonly refusals: Readonly<Record<Refusal, string>>;
  readonly leftOut: (lines: number) => string;
}

export type Locale = "en" | "zh";

export const LOCALES: Readonly<Record<Locale, Texts>> = { en: ENGLISH, zh: CHINESE };

/** The last lines of a room that closes on purpose. No line that a member can bring about is one. */
export function lastWords(texts: Texts): string[] {
  const { goodbye, removedYou, timeUp } = texts;
  return [goodbye, texts.ending(0), removedYou, timeUp.handshake, timeUp.idle];
}
