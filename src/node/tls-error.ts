/** What TLS says of a connection, in one line that says what to do. */
import { formatAddress, type SocketAddress } from "../address.ts";
import { codeOf, IomuxError } from "../errors.ts";

const UNTRUSTED = "no authority that is trusted has signed the certificate; give it one, in tls.ca";

/** By the codes of Node and OpenSSL. */
const MEANING: Readonly<Record<string, string>> = {
  ECONNRESET: "the peer has closed the connection before it was done",
  EPIPE: "the peer has closed the connection before it was done",
  ETIMEDOUT: "the peer does not answer",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: "the certificate has expired; its owner must renew it",
  CERT_NOT_YET_VALID: "the certificate is not valid yet; see whether the clocks are right",
  CERT_REVOKED: "the certificate was revoked; its owner must get another one",
  INVALID_PURPOSE: "the certificate is not for this use (extendedKeyUsage)",
  ERR_SSL_HTTP_REQUEST: "the peer speaks plain HTTP; have it use https",
  ERR_SSL_HTTPS_PROXY_REQUEST: "the peer speaks plain HTTP; have it use https",
  ERR_SSL_WRONG_VERSION_NUMBER: "the peer does not speak TLS here; see whether the port is right",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the peer does not speak TLS here; see whether the port is right",
  ERR_SSL_UNEXPECTED_MESSAGE: "the peer does not keep to TLS",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "no version of TLS in common; TLSv1.2 is the oldest there is here",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "the peer has no version of TLS in common with us",
  ERR_SSL_VERSION_TOO_LOW: "no version of TLS in common; TLSv1.2 is the oldest there is here",
  ERR_SSL_NO_SHARED_CIPHER: "no cipher suite in common; see tls.ciphers, and the kind of the key",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "the peer refuses what we offer; see tls.ciphers",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "no protocol in common; see tls.alpnProtocols",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "no protocol in common; see tls.alpnProtocols",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the peer does not trust who has signed our certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the peer does not accept our certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the peer does not accept our certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the peer says that our certificate has expired",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the peer wants a certificate; give tls.cert and key",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name; see tls.servername",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client has shown no certificate (requestCert)",
};

export function handshakeError(error: Error, peer: SocketAddress | null): IomuxError {
  const code = codeOf(error) ?? "EPROTO";
  const message = `TLS handshake with ${formatAddress(peer)} failed: ${tlsMeaning(error)} (${code})`;
  return new IomuxError(code, message, { cause: error });
}

/** OpenSSL ends its messages with a line break, and begins some with a number and a path of its own. */
export function tlsMeaning(error: Error): string {
  const { reason } = error as { reason?: unknown };
  const told = typeof reason === "string" ? reason : error.message.trim().split("\n")[0]!;
  return MEANING[codeOf(error) ?? ""] ?? told;
}
