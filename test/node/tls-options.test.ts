/** Options of TLS that are no good throw at once, in one line that says what to do. */
import { expect, it } from "vitest";

import { createReactor, createTlsContext, type TlsServerOptions } from "iomux";

import { authority, local } from "../support/certificates.ts";

const other = authority.issue({ names: ["other.example"] });
const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const long = "x".repeat(256);

const RANGE = "IOMUX_BAD_RANGE";
const BAD = "IOMUX_BAD_CERTIFICATE";
const ARGUMENT = "IOMUX_BAD_ARGUMENT";

/** What both sides take. */
const COMMON: [string, object, string, RegExp][] = [
  [
    "minVersion over maxVersion",
    { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" },
    ...[RANGE, /^tls\.minVersion TLSv1\.3 is over tls\.maxVersion TLSv1\.2: set it/],
  ] as never,
  ["an empty ca", { ca: [] }, ARGUMENT, /^option tls\.ca must be certificates: with none/],
  ["a ca that is no PEM", { ca: "ca.pem" }, BAD, /^tls\.ca: no certificate is in it; give PEM/],
  ["one of them", { ca: [authority.cert, local.key] }, BAD, /^tls\.ca: no certificate is in it/],
  ["bytes", { ca: Buffer.from("ca.pem") }, BAD, /^tls\.ca: no certificate is in it/],
  ["a broken one", { ca: authority.cert + broken }, BAD, /^tls\.ca: a certificate in it cannot/],
  ["an empty protocol", { alpnProtocols: ["h2", ""] }, RANGE, /has 0 bytes: give 1 to 255$/],
  ["a long protocol", { alpnProtocols: [long] }, RANGE, /has 256 bytes: give 1 to 255$/],
  [
    "too many protocols",
    { alpnProtocols: Array.from({ length: 257 }, () => "x".repeat(255)) },
    ...[RANGE, /^tls\.alpnProtocols has 65792 bytes: give 65535 at most$/],
  ] as never,
  [
    "the key of another certificate",
    { cert: local.cert, key: other.key },
    ...[BAD, /^tls: the key is not the certificate's; give the key that belongs to it$/],
  ] as never,
];

const SERVER: typeof COMMON = [
  [
    "the key of another host",
    { hosts: { "other.example": { cert: other.cert, key: local.key } } },
    ...[BAD, /^tls\.hosts\["other\.example"\]: the key is not the certificate's; give/],
  ] as never,
  ["a long host", { hosts: { [long]: other } }, RANGE, /^tls\.hosts has a name of 256 bytes: give/],
];

const CLIENT: typeof COMMON = [
  ["no session", { session: "x" }, ARGUMENT, /^option tls\.session must be what channel/],
  ["a long name", { servername: long }, RANGE, /^tls\.servername has a name of 256 bytes: give/],
];

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return null;
}

it.each([...COMMON, ...SERVER])("a server: %s", (_, options, code, message) => {
  const given = { ...local, ...options } as TlsServerOptions;
  const error = thrown(() => createTlsContext(given));
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect((error as Error).message).not.toContain("\n");
});

it.each([...COMMON, ...CLIENT])("a client: %s", async (_, options, code, message) => {
  const reactor = createReactor();
  const error = thrown(() => reactor.connect({ port: 9 }, { tls: options }));
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(reactor.stats().open).toBe(0);
  await reactor.close();
});

it("what is good is taken: several authorities in one text, names of 255 bytes, both versions", () => {
  createTlsContext({
    ...local,
    ca: [`some words\n${authority.cert}${local.cert}`, Buffer.from(authority.cert)],
    alpnProtocols: ["x".repeat(255)],
    hosts: { ["x".repeat(255)]: other },
    ...({ minVersion: "TLSv1.3", maxVersion: "TLSv1.3" } as const),
  });
});
