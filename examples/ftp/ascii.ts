/**
 * TYPE A: lines end with CR LF on the network (RFC 959 section 3.1.1.1), and with LF in files.
 *
 * A file that has CR LF already is sent as it is, and not with two CRs. What comes in is turned
 * round; a CR that no LF follows, and an LF after no CR, are kept. Both work piece by piece,
 * wherever a line end is cut.
 */
const CR = 0x0d;
const LF = 0x0a;

/** LF of files to CR LF of the network. */
export class AsciiSender {
  #afterCr = false;

  /** At most twice as many bytes; `bytes` itself if nothing has to be added. */
  convert(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const first = bytes.indexOf(LF);
    let afterCr = first === 0 && this.#afterCr;
    this.#afterCr = bytes.at(-1) === CR;
    if (first === -1) return bytes;
    const sent = Buffer.allocUnsafe(first + 2 * (bytes.length - first));
    let length = bytes.copy(sent, 0, 0, first);
    if (first > 0) afterCr = bytes[first - 1] === CR;
    for (let i = first; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === LF && !afterCr) sent[length++] = CR;
      sent[length++] = byte;
      afterCr = byte === CR;
    }
    return length === bytes.length ? bytes : sent.subarray(0, length);
  }
}

/** CR LF of the network to LF of files. */
export class AsciiReceiver {
  #crKept = false;

  /** At most one byte more than came; `bytes` itself if nothing has to be taken out. */
  convert(bytes: Buffer): Buffer {
    if (bytes.length === 0 || (!this.#crKept && !bytes.includes(CR))) return bytes;
    const received = Buffer.allocUnsafe(bytes.length + 1);
    let length = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (this.#crKept && byte !== LF) received[length++] = CR;
      this.#crKept = byte === CR;
      if (!this.#crKept) received[length++] = byte;
    }
    return received.subarray(0, length);
  }

  /** What was kept back, when nothing more comes. */
  end(): Buffer {
    const kept = Buffer.alloc(this.#crKept ? 1 : 0, CR);
    this.#crKept = false;
    return kept;
  }
}
