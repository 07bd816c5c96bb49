/**
 * One buffer for the small reads of all sockets.
 *
 * For each read Node allocates 64 KiB, and makes an ArrayBuffer of what came. For a small message
 * that costs more than all the rest that JavaScript does for it. So the sockets whose messages are
 * small read into one buffer, out of which what came is copied into a slab that is shared too.
 *
 * Node has an option for that, `onread` of `net.connect()`, which the sockets that a server accepts
 * do not get. What it does is done here for any socket: two of its properties, and one call of its
 * handle. The properties are known by their values, on a socket that was made with the option;
 * where Node has none such, all stays as it was. See docs/decisions/.
 *
 * The buffer is never let go of, nor given to anybody: Node's native side keeps its bare address.
 */
import { Socket, type SocketConstructorOpts } from "node:net";
import { markAsUntransferable } from "node:worker_threads";

/** As much as Node reads at once. */
const BUFFER_BYTES = 64 * 1024;

/** Reads up to this many bytes are small: they are cut from a slab. */
export const SMALL_READ_BYTES = 1024;

/** What a piece of it keeps alive, at most. */
const SLAB_BYTES = 4096;

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

let slab = Buffer.alloc(0);
let slabUsed = 0;

/** From now on `socket` reads into the buffer, and is pushed copies. For good. */
export function readIntoSharedBuffer(socket: Socket): void {
  const { _handle: handle } = socket as unknown as Hidden;
  readBuffer ??= makeReadBuffer();
  if (readBuffer === null || typeof handle?.useUserBuffer !== "function") return;
  const { bytes, bufferKey, answerKey } = readBuffer;
  const hidden = socket as unknown as Hidden;
  handle.useUserBuffer(bytes);
  hidden[answerKey] = pushCopy;
  hidden[bufferKey] = bytes;
}

/** Whether it was made with `onread`: its bytes go elsewhere. No public property tells. */
export function hasOnRead(socket: Socket): boolean {
  readBuffer ??= makeReadBuffer();
  if (readBuffer === null) return false;
  const buffer = (socket as unknown as Hidden)[readBuffer.bufferKey];
  return Boolean(buffer) && buffer !== readBuffer.bytes;
}

function makeReadBuffer(): ReadBuffer | null {
  const bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
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
  return this.push(copyOf(buffer, size));
}

function copyOf(buffer: Buffer, size: number): Buffer {
  if (size > SMALL_READ_BYTES) {
    const bytes = Buffer.allocUnsafeSlow(size);
    buffer.copy(bytes, 0, 0, size);
    return bytes;
  }
  if (slabUsed + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    markAsUntransferable(slab.buffer);
    slabUsed = 0;
  }
  const start = slabUsed;
  slabUsed += size;
  buffer.copy(slab, start, 0, size);
  return slab.subarray(start, slabUsed);
}
