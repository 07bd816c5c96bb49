/** Options of TLS: their check, at once, and the contexts of OpenSSL that are made of them. */
import { constants } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";

import { checkNames, checkOptions } from "../arguments.ts";
import { asError, IomuxError, IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { Pem, TlsClientOptions, TlsIdentity, TlsServerOptions } from "../tls.ts";

const IDENTITY_NAMES = ["cert", "key", "passphrase"] as const;
const COMMON_NAMES = ["ca", "alpnProtocols", "minVersion", "maxVersion", "ciphers"] as const;
const CLIENT_NAMES: ReadonlySet<string> = new Set([
  ...[...IDENTITY_NAMES, ...COMMON_NAMES, "servername", "rejectUnauthorized"],
]);
const SERVER_NAMES: ReadonlySet<string> = new Set([
  ...[...IDENTITY_NAMES, ...COMMON_NAMES, "hosts", "requestCert", "rejectUnauthorized"],
]);
const HOST_NAMES: ReadonlySet<string> = new Set(IDENTITY_NAMES);
const VERSIONS: readonly unknown[] = [undefined, "TLSv1.2", "TLSv1.3"];

/** Bytes of the name of a protocol (RFC 7301 section 3.1). */
const MAX_ALPN_BYTES = 255;

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
  const { servername = host } = options as { readonly servername?: unknown };
  if (typeof servername === "string" && servername !== "" && !servername.includes("\0")) return;
  const message =
    "option tls.servername must be the name that the server's certificate is to have; " +
    "without a host there is no default";
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

function checkCommon(options: TlsServerOptions | TlsClientOptions): void {
  const { alpnProtocols = [], ca, ciphers, minVersion, maxVersion, rejectUnauthorized } = options;
  checkBoolean(rejectUnauthorized, "rejectUnauthorized");
  if (ca !== undefined) for (const pem of [ca].flat() as unknown[]) checkPem(pem, "tls.ca");
  if (ciphers !== undefined && typeof ciphers !== "string") throw bad("tls.ciphers", "a string");
  for (const version of [minVersion, maxVersion]) {
    if (VERSIONS.includes(version)) continue;
    const message = `a TLS version is ${String(version)}: give TLSv1.2 or TLSv1.3`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
  }
  if (!Array.isArray(alpnProtocols)) throw bad("tls.alpnProtocols", "a list of names");
  for (const name of alpnProtocols as unknown[]) {
    if (typeof name !== "string") throw bad("tls.alpnProtocols", "a list of names");
    const bytes = Buffer.byteLength(name);
    if (bytes >= 1 && bytes <= MAX_ALPN_BYTES) continue;
    const message = `a protocol of tls.alpnProtocols has ${bytes} bytes: give 1 to ${MAX_ALPN_BYTES}`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
  }
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

function unusable(error: Error, where: string): IomuxError {
  const message = `${where}: OpenSSL cannot use it (${error.message}); see that it is PEM, that the key is the certificate's, and its passphrase`;
  return new IomuxError("IOMUX_BAD_CERTIFICATE", message, { cause: error });
}
