/** Options of TLS: their check, at once, and the contexts of OpenSSL that are made of them. */
import { constants, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";

import { checkNames, checkOptions } from "../arguments.ts";
import { asError, codeOf, IomuxError, IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { Pem, TlsClientOptions, TlsIdentity, TlsServerOptions } from "../tls.ts";

const IDENTITY_NAMES = ["cert", "key", "passphrase"] as const;
const COMMON_NAMES = ["ca", "alpnProtocols", "minVersion", "maxVersion", "ciphers"] as const;
const CLIENT_NAMES: ReadonlySet<string> = new Set([
  ...[...IDENTITY_NAMES, ...COMMON_NAMES, "servername", "session", "rejectUnauthorized"],
]);
const SERVER_NAMES: ReadonlySet<string> = new Set([
  ...[...IDENTITY_NAMES, ...COMMON_NAMES, "hosts", "requestCert", "rejectUnauthorized"],
]);
const HOST_NAMES: ReadonlySet<string> = new Set(IDENTITY_NAMES);
const VERSIONS: readonly unknown[] = [undefined, "TLSv1.2", "TLSv1.3"];

/** Bytes of the name of a protocol, and of all of them with their lengths (RFC 7301 section 3.1). */
const MAX_ALPN_BYTES = 255;
const MAX_ALPN_LIST_BYTES = 65_535;
/** Bytes of a name that OpenSSL asks for (TLSEXT_MAXLEN_host_name). */
const MAX_NAME_BYTES = 255;

/** With the names that OpenSSL has for it, too. */
const CERTIFICATE = /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END \1CERTIFICATE-----/g;

export function checkServerOptions(options: TlsServerOptions): void {
  checkOptions(options);
  checkNames(options, SERVER_NAMES);
  checkCommon(options);
  checkBoolean(options.requestCert, "requestCert");
  checkIdentity(options, "tls");
  const { hosts = {} } = options;
  checkOptions(hosts);
  for (const [name, identity] of Object.entries(hosts)) {
    checkHostName(name);
    checkOptions(identity);
    checkNames(identity, HOST_NAMES);
    checkIdentity(identity, `tls.hosts["${name}"]`);
  }
}

export function checkClientOptions(options: TlsClientOptions, host: string | undefined): void {
  checkOptions(options);
  checkNames(options, CLIENT_NAMES);
  checkCommon(options);
  if (options.cert !== undefined || options.key !== undefined) checkIdentity(options, "tls");
  const { session } = options as { readonly session?: unknown };
  if (session !== undefined && !(session instanceof Uint8Array)) {
    throw bad("tls.session", "what channel.tls.session of an earlier connection was");
  }
  const { servername = host } = options as { readonly servername?: unknown };
  if (typeof servername === "string" && servername !== "" && !servername.includes("\0")) {
    checkLength(servername, "tls.servername");
    return;
  }
  const message =
    "option tls.servername must be the name that the server's certificate is to have; " +
    "without a host there is no default";
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

function checkCommon(options: TlsServerOptions | TlsClientOptions): void {
  const { alpnProtocols = [], ca, ciphers, minVersion, maxVersion, rejectUnauthorized } = options;
  checkBoolean(rejectUnauthorized, "rejectUnauthorized");
  if (ca !== undefined) checkAuthorities([ca].flat());
  if (ciphers !== undefined && typeof ciphers !== "string") throw bad("tls.ciphers", "a string");
  for (const version of [minVersion, maxVersion]) {
    if (VERSIONS.includes(version)) continue;
    const message = `a TLS version is ${String(version)}: give TLSv1.2 or TLSv1.3`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
  }
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2") {
    const message = "tls.minVersion TLSv1.3 is over tls.maxVersion TLSv1.2: set it to at most that";
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
  }
  checkProtocols(alpnProtocols);
}

/** Those that Node cannot read it leaves out, and trusts nobody. */
function checkAuthorities(authorities: readonly unknown[]): void {
  if (authorities.length === 0) throw bad("tls.ca", "certificates: with none, nobody is trusted");
  for (const pem of authorities) {
    checkPem(pem, "tls.ca");
    const certificates = toText(pem as Pem).match(CERTIFICATE) ?? [];
    if (certificates.length === 0) throw notPem("no certificate is in it");
    for (const certificate of certificates) {
      checkReadable(certificate);
    }
  }
}

function checkReadable(certificate: string): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (thrown) {
    throw notPem("a certificate in it cannot be read", asError(thrown));
  }
}

function notPem(why: string, cause?: Error): IomuxError {
  const message = `tls.ca: ${why}; give PEM, with -----BEGIN CERTIFICATE-----`;
  return new IomuxError("IOMUX_BAD_CERTIFICATE", message, { cause });
}

function checkProtocols(alpnProtocols: unknown): void {
  let length = 0;
  if (!Array.isArray(alpnProtocols)) throw bad("tls.alpnProtocols", "a list of names");
  for (const name of alpnProtocols as unknown[]) {
    if (typeof name !== "string") throw bad("tls.alpnProtocols", "a list of names");
    const bytes = Buffer.byteLength(name);
    length += 1 + bytes;
    if (bytes >= 1 && bytes <= MAX_ALPN_BYTES) continue;
    const message = `a protocol of tls.alpnProtocols has ${bytes} bytes: give 1 to ${MAX_ALPN_BYTES}`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
  }
  if (length <= MAX_ALPN_LIST_BYTES) return;
  const message = `tls.alpnProtocols has ${length} bytes: give ${MAX_ALPN_LIST_BYTES} at most`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function checkLength(name: string, where: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes <= MAX_NAME_BYTES) return;
  const message = `${where} has a name of ${bytes} bytes: give ${MAX_NAME_BYTES} at most`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function checkIdentity(options: Partial<TlsIdentity>, where: string): void {
  checkPem(options.cert, `${where}.cert`);
  checkPem(options.key, `${where}.key`);
  const { passphrase } = options;
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw bad(`${where}.passphrase`, "a string");
  }
}

function checkPem(value: unknown, name: string): void {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw bad(name, "PEM, as a string or bytes");
  }
}

function checkBoolean(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== "boolean") throw bad(`tls.${name}`, "true or false");
}

/** A name, or `*.` and a name (RFC 6125 section 6.4.3). An address cannot be asked for by SNI. */
function checkHostName(name: string): void {
  checkLength(name, "tls.hosts");
  if (/^(\*\.)?[^*\s]+$/.test(name) && isIP(name) === 0) return;
  const message = `tls.hosts has ${JSON.stringify(name)}: give a host name, or *. and a host name`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function bad(name: string, what: string): IomuxTypeError {
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", `option ${name} must be ${what}`);
}

/** What `node:tls` takes for certificates and protocol. Throws if OpenSSL does not like it. */
export function contextOptions(
  options: TlsServerOptions | TlsClientOptions,
  identity: Partial<TlsIdentity> = options,
): SecureContextOptions {
  const { ca, ciphers, minVersion = "TLSv1.2", maxVersion } = options;
  const { cert, key, passphrase } = identity;
  return {
    minVersion,
    // A client could make a server work for nothing, and no protocol of today needs it.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ca === undefined ? {} : { ca: [ca].flat().map(toText) }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(cert === undefined ? {} : { cert: toText(cert) }),
    ...(key === undefined ? {} : { key: toText(key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function toText(pem: Pem): string {
  return typeof pem === "string" ? pem : Buffer.from(pem).toString();
}

export function makeContext(options: SecureContextOptions, where: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (thrown) {
    throw unusable(asError(thrown), where);
  }
}

/** The key is of another certificate, and so perhaps of another kind. */
const MISMATCHES: ReadonlySet<string | undefined> = new Set([
  "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
  "ERR_OSSL_X509_KEY_TYPE_MISMATCH",
]);

function unusable(error: Error, where: string): IomuxError {
  if (MISMATCHES.has(codeOf(error))) {
    const message = `${where}: the key is not the certificate's; give the key that belongs to it`;
    return new IomuxError("IOMUX_BAD_CERTIFICATE", message, { cause: error });
  }
  const message = `${where}: OpenSSL cannot use it (${error.message}); see that it is PEM, that the key is the certificate's, and its passphrase`;
  return new IomuxError("IOMUX_BAD_CERTIFICATE", message, { cause: error });
}
