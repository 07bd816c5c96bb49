/**
 * Certificates, made when a test needs them: X.509 version 3 (RFC 5280), signed with ECDSA. A
 * dozen lines of DER are less to install than a program that makes them, and can be out of date.
 */
import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import { isIPv4 } from "node:net";

const DAY_MS = 86_400_000;

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Who it is for: host names and IPv4 addresses. The first is its common name. */
  readonly names: readonly string[];
  /** Default: a year from yesterday on. */
  readonly from?: Date;
  readonly to?: Date;
}

/** Who signs certificates; its own is in `cert`. */
export class Authority implements Certificate {
  readonly cert: string;
  readonly key: string;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    const { publicKey, privateKey } = newKeys();
    this.key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const authority = extension("551d13", true, sequence(tag(0x01, Buffer.from([0xff]))));
    this.cert = issue({ names: [name] }, name, publicKey, privateKey, authority);
  }

  issue(options: CertificateOptions): Certificate {
    const { publicKey, privateKey } = newKeys();
    const names = extension("551d11", false, sequence(...options.names.map(generalName)));
    const cert = issue(options, this.#name, publicKey, createPrivateKey(this.key), names);
    return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
  }
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

function issue(
  { names, from, to }: CertificateOptions,
  issuer: string,
  publicKey: KeyObject,
  issuerKey: KeyObject,
  extensions: Buffer,
): string {
  const now = Date.now();
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const body = sequence(
    tag(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    commonName(issuer),
    sequence(time(from ?? new Date(now - DAY_MS)), time(to ?? new Date(now + 365 * DAY_MS))),
    commonName(names[0]!),
    publicKey.export({ type: "spki", format: "der" }),
    tag(0xa3, sequence(extensions)),
  );
  const signature = sign("sha256", body, issuerKey);
  const der = sequence(body, algorithm, tag(0x03, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function tag(type: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...head]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tag(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return tag(0x02, bytes);
}

function oid(hex: string): Buffer {
  return tag(0x06, Buffer.from(hex, "hex"));
}

function time(date: Date): Buffer {
  return tag(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\..*/g, "")}Z`));
}

function commonName(name: string): Buffer {
  return sequence(tag(0x31, sequence(oid("550403"), tag(0x0c, Buffer.from(name)))));
}

function generalName(name: string): Buffer {
  if (!isIPv4(name)) return tag(0x82, Buffer.from(name));
  return tag(0x87, Buffer.from(name.split(".").map(Number)));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [tag(0x01, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...flag, tag(0x04, value));
}

/** Signs what the tests trust. */
export const authority = new Authority("iomux test authority");
/** The server of most tests. */
export const local = authority.issue({ names: ["localhost", "127.0.0.1"] });
