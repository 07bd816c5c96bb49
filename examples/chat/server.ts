/**
 * The one file of the chat that touches the reactor: it ties the room to channels.
 *
 * Slow readers: the reactor's `highWaterMark` is what may wait for one member. Only whole lines are
 * written, so none is ever cut; a member for whom the next one does not fit is disconnected, and
 * the others are told that it left. The others never wait for it.
 *
 * Who does read must not be taken for a slow reader because many speak at once: when the lines of
 * one turn come to half of that limit, the rest stays unread until the next turn, which finds it by
 * itself (the readiness is level-triggered) after the output has been flushed.
 */
import { formatAddress, READABLE } from "iomux";
import type { Channel, CloseResult, Limits, Listener, Reactor } from "iomux";

import { LineReader } from "./protocol.ts";
import { MAX_TEXT_BYTES, Room, type Delivery } from "./room.ts";
import type { Texts } from "./texts.ts";

/** Pieces, each a line at most, that are read from one member before the next one's turn. */
const PIECES_PER_CALL = 16;

export interface ChatOptions {
  readonly maxLineBytes: number;
  readonly texts: Texts;
  /** Hears in one line what the operator should know. */
  readonly log: (line: string) => void;
}

/** The least that `backlogBytes` may be: half of it takes what one more line adds to a turn. */
export function minBacklogBytes(maxLineBytes: number): number {
  return 2 * (maxLineBytes + MAX_TEXT_BYTES);
}

/** The limits of a reactor for a chat in which `backlogBytes` may wait for one member. */
export function chatLimits(backlogBytes: number): Partial<Limits> {
  return { highWaterMark: backlogBytes, lowWaterMark: Math.floor(backlogBytes / 4) };
}

interface Member {
  readonly channel: Channel;
  readonly lines: LineReader;
}

export class ChatServer {
  readonly #reactor: Reactor;
  readonly #options: ChatOptions;
  readonly #room: Room<Member>;
  readonly #outbox: Delivery<Member>[] = [];
  #delivering = false;
  #bytesInTurn = 0;
  #ending = false;

  constructor(reactor: Reactor, listener: Listener, options: ChatOptions) {
    this.#reactor = reactor;
    this.#options = options;
    this.#room = new Room(options.texts);
    const admitAll = (): void => {
      for (let channel = listener.accept(); channel !== null; channel = listener.accept()) {
        this.#admit(channel);
      }
    };
    reactor.register(listener, READABLE, admitAll);
  }

  /** Tells everybody that the chat ends, and closes the reactor, which nobody else may. */
  end(drainMs: number): Promise<CloseResult> {
    if (!this.#ending) this.#deliver(this.#room.end());
    this.#ending = true;
    return this.#reactor.close({ drainMs });
  }

  #admit(channel: Channel): void {
    const member = { channel, lines: new LineReader(this.#options.maxLineBytes) };
    const readMember = (): void => {
      this.#read(member);
    };
    this.#reactor.register(channel, READABLE, readMember);
    // Whichever way it ends, a reset and a failure of our own among them.
    void channel.closed.then(() => this.#leave(member));
    this.#deliver(this.#room.enter(member));
  }

  #read(member: Member): void {
    const turnBytes = this.#reactor.limits.highWaterMark / 2;
    for (let pieces = 0; pieces < PIECES_PER_CALL && this.#bytesInTurn < turnBytes; pieces++) {
      const bytes = readPiece(member.channel);
      if (bytes === null) return;
      const ended = bytes.length === 0;
      const events = ended ? member.lines.end() : member.lines.feed(bytes);
      for (const event of events) this.#deliver(this.#room.hear(member, event));
      if (ended) {
        this.#leave(member);
        member.channel.close();
      }
    }
  }

  #leave(member: Member): void {
    if (!this.#ending) this.#deliver(this.#room.leave(member));
  }

  /**
   * Carries deliveries in the order of the room. To deliver may disconnect a member, and to tell
   * that is a delivery too: it waits for its place, so that everybody sees the same order.
   */
  #deliver(deliveries: readonly Delivery<Member>[]): void {
    this.#outbox.push(...deliveries);
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
      const bytes = Buffer.from(`${next.text}\n`);
      this.#countInTurn(bytes.length);
      for (const member of next.to) this.#send(member, bytes);
    }
    this.#delivering = false;
  }

  #countInTurn(bytes: number): void {
    if (this.#bytesInTurn === 0) {
      this.#reactor.defer(() => {
        this.#bytesInTurn = 0;
      });
    }
    this.#bytesInTurn += bytes;
  }

  #send(member: Member, bytes: Buffer): void {
    const { channel } = member;
    if (channel.state !== "open") return;
    if (channel.room >= bytes.length) {
      channel.write(bytes);
      return;
    }
    const name = this.#room.nameOf(member) ?? "somebody without a name";
    const why = `${channel.queued} bytes wait for ${name}, who does not read`;
    this.#options.log(`${why}: disconnected (${formatAddress(channel.remoteAddress)})`);
    channel.abort(new Error(why));
    this.#leave(member);
  }
}

/** What is at hand up to the end of the next line; empty at the end of the stream, null if none. */
function readPiece(channel: Channel): Buffer | null {
  const chunk = channel.peek();
  if (chunk === null) return channel.read();
  const lf = chunk.indexOf("\n");
  return channel.read(lf === -1 ? chunk.length : lf + 1);
}
