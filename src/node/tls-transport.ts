/**
 * A transport over a `TLSSocket` whose handshake is done.
 *
 * It is the transport over `net.Socket` with two differences. A reset is the raw socket's: a
 * `TLSSocket` cannot send one. And the end is confirmed by the peer's close_notify (RFC 8446
 * section 6.1), for which Node has no event: a FIN without one looks the same. But libuv stops
 * reading at a FIN, and goes on after a close_notify; and it says so if it is told at that moment
 * to read. If the socket is none that can be asked, the end stays unconfirmed.
 */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";

import type { SocketAddress } from "../address.ts";
import type { TlsInfo } from "../tls.ts";
import { SocketTransport } from "./socket-transport.ts";

const READING_ALREADY = -constants.errno.EALREADY;

export class TlsTransport extends SocketTransport {
  override readonly securable = false;
  /** A close_notify is certain whatever we have ended ourselves. */
  readonly certainEnds = true;
  readonly tls: TlsInfo;
  /** As it was before the handshake: a reset since then makes Node forget it. */
  readonly #remote: SocketAddress | null;
  protected override closeNotify: boolean | null = false;
  readonly #socket: TLSSocket;
  /** What TLS is spoken over; a socket that has connected itself has nothing of the kind. */
  readonly #raw: Socket;
  #endNoted = false;

  constructor(
    socket: TLSSocket,
    raw: Socket,
    local: SocketAddress | null,
    remote: SocketAddress | null,
  ) {
    super(socket, local?.family === "unix", "", local);
    this.#remote = remote;
    this.tls = new SocketTlsInfo(socket);
    this.#socket = socket;
    this.#raw = raw;
    // Until it is read by somebody: the end may come first.
    socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk === null) this.noteEnd();
      return Readable.prototype.push.call(socket, chunk, encoding);
    };
  }

  override get remoteAddress(): SocketAddress | null {
    return this.#remote ?? super.remoteAddress;
  }

  protected override get wire(): Socket {
    return this.#raw;
  }

  /** Once: to ask makes a socket that is at its end read on, and meet it again. */
  override noteEnd(): void {
    if (this.#endNoted) return;
    this.#endNoted = true;
    this.closeNotify = isReading(this.#socket);
  }
}

/** The handle of a `TLSSocket`, and under it that of the connection. */
interface Handle {
  reading?: unknown;
  _parent?: { readStart?: () => unknown };
}

/**
 * Whether the raw socket is being read still. Who has stopped reading has not read a FIN: then the
 * end was in what came before.
 */
function isReading(socket: TLSSocket): boolean {
  const { _handle: handle } = socket as unknown as { _handle?: Handle | null };
  if (handle?.reading === false) return true;
  const connection = handle?._parent;
  return typeof connection?.readStart === "function" && connection.readStart() === READING_ALREADY;
}

class SocketTlsInfo implements TlsInfo {
  readonly protocol: string;
  readonly cipher: string;
  readonly alpnProtocol: string | null;
  readonly servername: string | null;
  readonly authorized: boolean;
  readonly authorizationError: string | null;
  readonly resumed: boolean;
  readonly #socket: TLSSocket;
  #peerCertificate: X509Certificate | null | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.protocol = socket.getProtocol() ?? "";
    this.cipher = socket.getCipher().standardName;
    this.alpnProtocol = textOf(socket.alpnProtocol);
    this.servername = textOf(socket.servername);
    this.authorized = socket.authorized;
    this.authorizationError = textOf(socket.authorizationError);
    this.resumed = socket.isSessionReused();
  }

  get peerCertificate(): X509Certificate | null {
    return (this.#peerCertificate ??= this.#socket.getPeerX509Certificate() ?? null);
  }

  get session(): Buffer | null {
    return this.#socket.getSession() ?? null;
  }
}

/** Node says `false`, `null`, `undefined` or nothing at all where there is none. */
function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
