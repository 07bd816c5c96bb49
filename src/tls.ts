/**
 * TLS: what a connection is secured with, and what is known of one that is secure.
 *
 * The names are those of `node:tls`, where the same things have names there. What TLS is asked to
 * do is prepared once, as a `Securer`; the handshake itself belongs to the network.
 */
import type { X509Certificate } from "node:crypto";

import type { Transport } from "./network.ts";

/** One or more certificates or keys in PEM (RFC 7468). */
export type Pem = string | Uint8Array;

/** Who somebody is: a certificate, followed by those between it and its authority, and its key. */
export interface TlsIdentity {
  /** The certificate, then those between it and its authority. */
  readonly cert: Pem;
  /** The private key of the certificate. */
  readonly key: Pem;
  /** Of the key, if it is encrypted. */
  readonly passphrase?: string;
}

interface TlsOptions {
  /** The authorities whose certificates are trusted. Default: those that Node trusts. */
  readonly ca?: Pem | readonly Pem[];
  /** Protocols to speak on top, the preferred one first (ALPN, RFC 7301). */
  readonly alpnProtocols?: readonly string[];
  /** Default `TLSv1.2`, the oldest there is here. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** Default `TLSv1.3`. */
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  /** In OpenSSL's format. Default: Node's. */
  readonly ciphers?: string;
}

/** What a server presents, and asks for. */
export interface TlsServerOptions extends TlsIdentity, TlsOptions {
  /**
   * Other identities by the name that a client asks for (SNI, RFC 6066): `mail.example`, or
   * `*.example` for names of one label more. Who asks for none of them gets the main one.
   */
  readonly hosts?: Readonly<Record<string, TlsIdentity>>;
  /** Ask clients for a certificate. Default false. */
  readonly requestCert?: boolean;
  /**
   * With `requestCert`: refuse who has no certificate of a trusted authority. Default true. If
   * false, `channel.tls.authorized` says who has one.
   */
  readonly rejectUnauthorized?: boolean;
}

/** What a client asks of a server, and shows if it is asked to. */
export interface TlsClientOptions extends Partial<TlsIdentity>, TlsOptions {
  /** Whom the server's certificate must name. Default: the host that is connected to. */
  readonly servername?: string;
  /**
   * What an earlier connection with the same server has left (`channel.tls.session`), to resume it:
   * a shorter handshake, which some FTP servers want of data connections. A server that has
   * forgotten it makes a new one. Give it the `ca` and `rejectUnauthorized` of that connection: the
   * certificate is not shown again.
   */
  readonly session?: Uint8Array;
  /** Fail if the server's certificate is not trusted, or is another's. Default true. */
  readonly rejectUnauthorized?: boolean;
}

/** What a server presents and asks for, ready for use, by as many listeners as you like. */
export interface TlsContext {
  /**
   * Replaces what was given, all of it, for the handshakes to come; connections that stand are not
   * touched. Throws, and leaves everything as it was, if `options` are no good.
   */
  update(options: TlsServerOptions): void;
}

/** Which side of the handshake we are. */
export type StartTlsOptions =
  | {
      /** We are the server, and present this. */
      readonly server: TlsServerOptions | TlsContext;
    }
  | {
      /** We are the client; a plain channel has forgotten whom it was meant for: `servername` says it. */
      readonly client: TlsClientOptions & Required<Pick<TlsClientOptions, "servername">>;
    };

/** As `StartTlsOptions`, where the host is known. */
export interface ConnectTlsOptions {
  /** We are the client. */
  readonly client: TlsClientOptions;
}

/** What is known of a secure connection. */
export interface TlsInfo {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** The cipher suite, by its name in the standards. */
  readonly cipher: string;
  /** The protocol that both agreed on, or null. */
  readonly alpnProtocol: string | null;
  /** The name that the client asked for, or null. */
  readonly servername: string | null;
  /** Whether the peer has shown a certificate of a trusted authority; of a server, its own. */
  readonly authorized: boolean;
  /** Why not, as OpenSSL's code (`CERT_HAS_EXPIRED`); null if it is, or was not asked for one. */
  readonly authorizationError: string | null;
  /** Whether it has resumed an earlier session. */
  readonly resumed: boolean;
  /**
   * Of a client, to resume it in another connection: see the option `session`. With TLSv1.3 the
   * server gives what is needed after the handshake, with its first bytes: ask for it then, and
   * before the connection is lost. Null if there is none.
   */
  readonly session: Buffer | null;
  /** The peer's certificate, or null. Asked for first after the connection is lost, it is null. */
  readonly peerCertificate: X509Certificate | null;
}

/** A handshake under way, or one that has not begun. Nothing is heard of it once it was let go. */
export interface Handshake {
  /** Lets go of the socket now. */
  destroy(): void;
  /** Resets the connection now. */
  reset(): void;
}

/** How a handshake ended: with the secure transport, or with the reason why there is none. */
export type HandshakeEnd = (end: Transport | Error) => void;

/**
 * Begins a handshake over `transport`, which is not to be used any more; `early` are bytes that
 * came from it already. Tells its end once, later.
 */
export type Securer = (
  transport: Transport,
  early: readonly Buffer[],
  onEnd: HandshakeEnd,
) => Handshake;
