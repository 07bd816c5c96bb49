/**
 * One buffer for the small reads of all sockets.
 *
 * For each read Node allocates 64 KiB, and makes an ArrayBuffer of what came. For a small message
 * that costs more than all the rest that JavaScript does for it. So the sockets whose messages are
 * small read into one buffer, out of which what came is copied.
 *
 * Node has an option for that, `onread` of `net.connect()`, which the sockets that a server accepts
 * do not get. What it does is done here for any socket: two of its properties, and one call of its
 * handle. The properties are known by their values, on a socket that was made with the option;
 * where Node has none such, all stays as it was. See docs/decisions/.
 *
 * The buffer is never let go of: Node's native side keeps its bare address.
 */
import { Socket, type SocketConstructorOpts } from "node:net";
import { Readable } from "node:stream";
import { inspect } from "node:util";
import { markAsUntransferable } from "node:worker_threads";

/** As much as Node reads at once. */
const BUFFER_BYTES = 64 * 1024;

/** Reads up to this many bytes are small. */
export const SMALL_READ_BYTES = 1024;

/** Whoever keeps one byte of a block keeps all of it. Node's own pool may be 64 KiB. */
const BLOCK_BYTES = 8 * 1024;

/** The methods that do something else for a socket with a buffer of its own. */
const READING = ["pause", "read", "resume"] as const;

const OURS = Symbol.for("iomux.read-buffer");

type Hidden = Record<symbol, unknown> & {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
};

interface ReadBuffer {
  readonly bytes: Buffer;
  readonly bufferKey: symbol;
  readonly answerKey: symbol;
}

/** Null: Node has no such thing. Undefined: nobody has asked yet. */
let readBuffer: ReadBuffer | null | undefined;

/** The last view of its beginning: messages of one size need only one. */
let view: Buffer = Buffer.alloc(0);

/** What small reads are copied into, one behind the other, and how much of it they have. */
let block: Buffer = Buffer.alloc(0);
let used = 0;

/** From now on `socket` reads into the buffer, and is pushed copies. For good. */
export function readIntoSharedBuffer(socket: Socket): void {
  const hidden = socket as unknown as Hidden;
  const shared = theReadBuffer();
  if (shared === null || typeof hidden._handle?.useUserBuffer !== "function") return;
  // This copy of the library has done it before, or another one.
  if (hidden[shared.bufferKey]) return;
  hidden._handle.useUserBuffer(shared.bytes);
  hidden[shared.answerKey] = pushCopy;
  hidden[shared.bufferKey] = shared.bytes;
}

/** Whether it was made with `onread`: its bytes go elsewhere. No public property tells. */
export function hasOnRead(socket: Socket): boolean {
  const shared = theReadBuffer();
  if (shared === null) return false;
  const hidden = socket as unknown as Hidden;
  return Boolean(hidden[shared.bufferKey]) && !isOurs(hidden[shared.answerKey]);
}

/** ES module and CommonJS in one process are two copies of this file. */
function isOurs(answer: unknown): boolean {
  return typeof answer === "function" && OURS in answer;
}

/**
 * A socket with a buffer of its own reads on with each `read()`, however much it holds. Whom it is
 * given to must not notice that it has one.
 */
export function readAsWithoutBuffer(socket: Socket): void {
  const shared = theReadBuffer();
  if (shared === null || !(socket as unknown as Hidden)[shared.bufferKey]) return;
  if (READING.some((name) => socket[name] !== Socket.prototype[name])) return;
  for (const name of READING) Reflect.set(socket, name, Reflect.get(Readable.prototype, name));
}

function theReadBuffer(): ReadBuffer | null {
  if (readBuffer === undefined) readBuffer = makeReadBuffer();
  return readBuffer;
}

function makeReadBuffer(): ReadBuffer | null {
  const bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  // Whoever prints a socket must not see what another one has read.
  Object.assign(bytes, { [inspect.custom]: () => "the read buffer of iomux" });
  // The types know the option only where a connection is made.
  const options = { onread: { buffer: bytes, callback: pushCopy } } as SocketConstructorOpts;
  const probe = new Socket(options);
  const hidden = probe as unknown as Hidden;
  const keys = Object.getOwnPropertySymbols(probe);
  const bufferKey = keys.find((key) => hidden[key] === bytes);
  const answerKey = keys.find((key) => hidden[key] === pushCopy);
  probe.destroy();
  if (bufferKey === undefined || answerKey === undefined) return null;
  return { bytes, bufferKey, answerKey };
}

/** What Node calls with what it has read. False stops the reading. */
function pushCopy(this: Socket, size: number, buffer: Buffer): boolean {
  if (view.length !== size) view = buffer.subarray(0, size);
  const bytes = size > SMALL_READ_BYTES ? Buffer.allocUnsafeSlow(size) : partOfBlock(size);
  bytes.set(view);
  return this.push(bytes);
}
Object.assign(pushCopy, { [OURS]: true });

function partOfBlock(size: number): Buffer {
  if (used + size > block.length) {
    block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    // To transfer one message would take all the others in the block from their owners.
    markAsUntransferable(block.buffer);
    used = 0;
  }
  const start = used;
  // Aligned, as in Node's pool.
  used = (start + size + 7) & ~7;
  return block.subarray(start, start + size);
}
