/**
 * The reference: what poll(2) and epoll(7) say of one connected stream socket, a byte at a time.
 * It knows nothing of the library but the values of the bits.
 *
 * Where iomux differs on purpose a line says "differs:".
 */
import { EDGE, ERROR, HANGUP, ONESHOT, PEER_CLOSED, READABLE, WRITABLE } from "iomux";

export const MODES = [
  ["level", 0],
  ["edge", EDGE],
  ["oneshot", ONESHOT],
  ["edge and oneshot", EDGE | ONESHOT],
] as const;

export const STEPS = [
  ...(["arrive", "peer-close"] as const), // what the world does
  ...(["read", "clear", "modify", "unregister", "close"] as const), // what the program does
];
export type Step = (typeof STEPS)[number];

/** How the peer closes: in order, by a reset, or in order after we have ended our side. */
export type PeerClose = "end" | "reset" | "end after ours";

/** Bytes that one `arrive` brings; `read` takes one, `clear` all, and the end too. */
export const ARRIVING = 2;

export class ReadinessModel {
  #interest: number;
  readonly #peerClose: PeerClose;
  /** What the next I/O phase brings. */
  #coming = { bytes: 0, end: false, hangup: false };
  #unread = 0;
  #end: "none" | "unread" | "read" = "none";
  #hungUp = false;
  /** Events since the last report (epoll(7): "only when changes occur"). */
  #edges = 0;
  #armed = true;
  #collected = 0;
  /** False after unregister, close, and the last call. */
  registered = true;

  constructor(interest: number, peerClose: PeerClose) {
    this.#interest = interest;
    this.#peerClose = peerClose;
    this.#edges = this.condition; // EPOLL_CTL_ADD tests the condition at once
  }

  /** poll(2): what holds now. */
  get condition(): number {
    let mask = this.#unread > 0 || this.#end === "unread" ? READABLE : 0;
    if (this.#end === "unread") mask |= PEER_CLOSED; // differs: POLLRDHUP stays when the end is read
    if (!this.#hungUp && this.#peerClose !== "end after ours") mask |= WRITABLE;
    if (!this.#hungUp || (mask & READABLE) !== 0) return mask; // differs: POLLHUP waits for the bytes
    return this.#peerClose === "reset" ? mask | ERROR | HANGUP : mask | HANGUP;
  }

  /** What may be told: ERROR and HANGUP "will be set whether asked for or not". */
  get #mask(): number {
    return this.registered && this.#armed ? this.#interest | ERROR | HANGUP : 0;
  }

  get ready(): number {
    return this.condition & this.#mask;
  }

  step(step: Step, interest = this.#interest): void {
    if (step === "arrive") this.#coming.bytes += ARRIVING;
    if (step === "peer-close") this.#coming.end = true;
    if (step === "read") this.#read();
    if (step === "clear") while (this.#read());
    if (step === "modify" && this.registered) this.#modify(interest);
    if (step === "unregister" || step === "close") this.registered = false;
  }

  /** False: nothing is there. */
  #read(): boolean {
    if (this.#unread > 0) this.#unread--;
    else if (this.#end === "unread") this.#end = "read";
    else return false;
    this.#edges |= this.condition & (ERROR | HANGUP);
    return true;
  }

  /** EPOLL_CTL_MOD: arms again, and tests the condition at once; told by the next poll. */
  #modify(interest: number): void {
    const again = !this.#armed || (interest & EDGE) !== 0;
    this.#interest = interest;
    this.#armed = true;
    this.#edges = this.condition;
    this.#collected &= again ? 0 : this.#mask;
  }

  /** The I/O phase: what was on its way is here. Each arrival is an event. */
  io(): void {
    const { bytes, end, hangup } = this.#coming;
    this.#coming = { bytes: 0, end: false, hangup: false };
    this.#unread += bytes;
    if (bytes > 0) this.#edges |= READABLE; // differs: an epoll edge tells all that holds, not this
    if (hangup || (end && this.#peerClose === "reset")) {
      this.#hungUp = true;
      this.#edges |= this.condition;
    } else if (end) {
      this.#end = "unread";
      this.#edges |= READABLE | PEER_CLOSED;
      this.#coming.hangup = this.#peerClose === "end after ours";
    }
  }

  /** epoll_wait(2): what a batch holds of it. */
  collect(): void {
    this.#collected = this.ready & ((this.#interest & EDGE) === 0 ? -1 : this.#edges);
  }

  /** Its place in the batch: what is told of it, 0 for nothing. differs: what changed meanwhile counts */
  dispatch(): number {
    const told = this.#collected & this.ready;
    this.#edges &= ~told;
    if (told !== 0 && (this.#interest & ONESHOT) !== 0) this.#armed = false; // until modify
    return told;
  }

  /** The program has handled what was told. */
  called(told: number): void {
    if ((told & (ERROR | HANGUP)) !== 0) this.registered = false; // differs: it was the last call
  }
}
