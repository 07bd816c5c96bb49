/** Handshakes of a listener: who is let in, who is not, and what is told of it. */
import type net from "node:net";

import { expect, it } from "vitest";

import { createTlsContext, type Listener, type Reactor, type TlsServerOptions } from "iomux";

import { Authority, authority, local } from "../support/certificates.ts";
import { listening, type Report } from "../support/reports.ts";
import { accepted, dialRaw, dialTls, securePair } from "../support/tls-peers.ts";
import { onNetworks, type World } from "../support/world.ts";

interface Scene {
  readonly reactor: Reactor;
  readonly reports: Report[];
  readonly listener: Listener;
}

async function scene(
  world: World,
  tls: Partial<TlsServerOptions> = {},
  limits: Record<string, number> = {},
): Promise<Scene> {
  const [reactor, reports] = listening(world, limits);
  const listener = await reactor.listen({ port: 0 }, { tls: { ...local, ...tls } });
  return { reactor, reports, listener };
}

function codes(reports: readonly Report[]): unknown[] {
  return reports.map(({ error }) => [
    error.code,
    (error.cause as { code?: string } | undefined)?.code,
  ]);
}

onNetworks([["net", "tcp"]], "TLS handshakes of a listener", (world) => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s: accept() answers a finished one", async (v) => {
    const { listener, reports } = await scene(world(), { alpnProtocols: ["h2", "http/1.1"] });
    const { channel, peer } = await securePair(world(), listener, {
      minVersion: v,
      maxVersion: v,
      servername: "localhost",
      ALPNProtocols: ["http/1.1"],
    });
    expect(channel.tls).toMatchObject({
      protocol: v,
      alpnProtocol: "http/1.1",
      servername: "localhost",
      authorized: false,
      authorizationError: null,
      peerCertificate: null,
    });
    expect(channel.tls!.cipher).toMatch(/^TLS_/);
    expect(peer.socket.alpnProtocol).toBe("http/1.1");
    expect(reports).toEqual([]);
  });

  it("nobody waits for accept() before the handshake is done", async () => {
    const { listener, reactor } = await scene(world());
    const raw = dialRaw(listener);
    await world().until(() => !raw.connecting, "the connection");
    await world().settle();
    expect([listener.waiting, listener.accept()]).toEqual([0, null]);
    expect(reactor.stats()).toMatchObject({ accepted: 0, handshakesFailed: 0, refused: 0 });
  });

  it.each([
    ["plain HTTP", "GET / HTTP/1.1\r\n\r\n", "ERR_SSL_HTTP_REQUEST"],
    ["garbage", "\x00\x01\x02 no TLS at all \xff\xfe", "ERR_SSL_WRONG_VERSION_NUMBER"],
    ["a record of another version", "\x16\x09\x09\x00\x05hello", "ERR_SSL_WRONG_VERSION_NUMBER"],
  ])("%s: refused, counted, reported, and the next one is let in", async (_, bytes, code) => {
    const { listener, reactor, reports } = await scene(world());
    const raw = dialRaw(listener);
    raw.write(Buffer.from(bytes, "latin1"));
    raw.resume();
    await world().until(() => reports.length > 0, "the report");
    expect(codes(reports)).toEqual([["IOMUX_HANDSHAKE_FAILED", code]]);
    expect(reports[0]!.error.message).not.toContain("\n");
    expect(reactor.stats()).toMatchObject({ handshakesFailed: 1, accepted: 0 });
    await world().until(() => raw.readableEnded || raw.destroyed, "the refusal");
    const { channel } = await securePair(world(), listener);
    expect(channel.tls).not.toBeNull();
  });

  it.each([
    ["a reset", (raw: net.Socket) => raw.resetAndDestroy()],
    ["a FIN", (raw: net.Socket) => raw.end()],
    ["a close", (raw: net.Socket) => raw.destroy()],
  ])("%s in mid-handshake: counted and reported, no crash", async (_, leave) => {
    const { listener, reactor, reports } = await scene(world());
    const raw = dialRaw(listener);
    // The head of a ClientHello: its body never comes.
    raw.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]));
    await world().settle();
    leave(raw);
    await world().until(() => reports.length > 0, "the report");
    expect(codes(reports)).toEqual([["IOMUX_HANDSHAKE_FAILED", "ECONNRESET"]]);
    expect(reactor.stats().handshakesFailed).toBe(1);
  });

  it("tlsHandshakeMs: a peer that stalls is reset, counted and reported", async () => {
    const { listener, reactor, reports } = await scene(world(), {}, { tlsHandshakeMs: 3000 });
    const raw = dialRaw(listener);
    const errors: unknown[] = [];
    raw.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code));
    raw.resume();
    await world().until(() => !raw.connecting, "the connection");
    await world().settle();
    await world().advance(2999);
    expect(reports).toEqual([]);
    await world().advance(2);
    await world().until(() => raw.destroyed, "the reset");
    expect([errors, codes(reports)]).toEqual([
      ["ECONNRESET"],
      [["IOMUX_HANDSHAKE_FAILED", "ETIMEDOUT"]],
    ]);
    expect(reactor.stats().handshakesFailed).toBe(1);
  });

  it("tlsHandshakeMs ends with the handshake", async () => {
    const { listener, reports } = await scene(world(), {}, { tlsHandshakeMs: 3000 });
    const { channel } = await securePair(world(), listener);
    await world().advance(10_000);
    expect([channel.state, reports]).toEqual(["open", []]);
  });

  it("maxHandshakes: one more is refused, counted and reported; who is done makes room", async () => {
    const { listener, reactor, reports } = await scene(world(), {}, { maxHandshakes: 2 });
    const stalled = [dialRaw(listener), dialRaw(listener)];
    await world().until(() => stalled.every((raw) => !raw.connecting), "both");
    await world().settle();
    const third = dialRaw(listener);
    third.resume();
    await world().until(() => third.destroyed, "the refusal");
    expect(codes(reports)).toEqual([["IOMUX_TOO_MANY_HANDSHAKES", undefined]]);
    expect(reactor.stats()).toMatchObject({ refused: 1, handshakesFailed: 0 });
    stalled[0]!.destroy();
    await world().until(() => reactor.stats().handshakesFailed === 1, "room");
    await securePair(world(), listener);
  });

  it("failures of one kind are reported together, once every reportEveryMs", async () => {
    const { listener, reactor, reports } = await scene(world());
    for (let i = 0; i < 5; i++) dialRaw(listener).write("GET / HTTP/1.1\r\n\r\n");
    await world().until(() => reactor.stats().handshakesFailed === 5, "all to fail");
    expect(reports).toHaveLength(1);
    await world().advance(1001);
    expect(reports).toHaveLength(2);
    expect(reports[1]!.error.message).toContain("4 TLS handshakes have failed, the last one:");
  });

  it("a listener that closes resets who is in mid-handshake, and tells nobody", async () => {
    const { listener, reports } = await scene(world());
    const raw = dialRaw(listener);
    raw.resume();
    await world().until(() => !raw.connecting, "the connection");
    await world().settle();
    listener.close();
    await world().until(() => raw.destroyed, "the reset");
    await world().advance(60_000);
    expect(reports).toEqual([]);
  });

  it("acceptQueue holds for those that are secure", async () => {
    const { listener, reports } = await scene(world(), {}, { acceptQueue: 1 });
    dialTls(listener);
    await world().until(() => listener.waiting === 1, "the first");
    const second = dialTls(listener);
    await world().until(() => second.raw.destroyed, "the refusal");
    expect(codes(reports)).toEqual([["IOMUX_ACCEPT_QUEUE_FULL", undefined]]);
  });
});

onNetworks([["net", "tcp"]], "TLS: what a server presents", (world) => {
  const hosts = {
    "mail.example": authority.issue({ names: ["mail.example"] }),
    "*.shop.example": authority.issue({ names: ["*.shop.example"] }),
  };

  it.each([
    ["mail.example", "mail.example"],
    ["MAIL.example", "mail.example"],
    ["a.shop.example", "*.shop.example"],
    ["a.b.shop.example", "localhost"],
    ["shop.example", "localhost"],
    ["unknown.example", "localhost"],
    [undefined, "localhost"],
  ])("SNI: who asks for %s is shown %s", async (servername, shown) => {
    const { listener } = await scene(world(), { hosts });
    const { channel, peer } = await securePair(world(), listener, {
      ...(servername === undefined ? {} : { servername }),
      checkServerIdentity: () => undefined,
    });
    expect(peer.socket.getPeerCertificate().subject.CN).toBe(shown);
    expect(channel.tls!.servername).toBe(servername ?? null);
  });

  it("ALPN: no protocol in common is refused, and told to both", async () => {
    const { listener, reports } = await scene(world(), { alpnProtocols: ["h2"] });
    const peer = dialTls(listener, { ALPNProtocols: ["gopher"] });
    await world().until(() => reports.length > 0 && peer.log.includes("close"), "the refusal");
    expect(peer.log[0]).toBe("error ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
    expect(reports[0]!.error.message).toContain("no protocol in common; see tls.alpnProtocols");
  });

  it("nothing under TLSv1.2 is spoken, and minVersion may ask for more", async () => {
    const { listener, reports } = await scene(world(), { minVersion: "TLSv1.3" });
    const peer = dialTls(listener, { maxVersion: "TLSv1.2" });
    await world().until(() => reports.length > 0 && peer.log.includes("close"), "the refusal");
    expect(codes(reports)[0]).toEqual(["IOMUX_HANDSHAKE_FAILED", "ERR_SSL_UNSUPPORTED_PROTOCOL"]);
    const other = await scene(world());
    // SECLEVEL 0, or OpenSSL would not even offer it.
    const old = dialTls(other.listener, {
      ...{ minVersion: "TLSv1.1", maxVersion: "TLSv1.1" },
      ciphers: "DEFAULT:@SECLEVEL=0",
    });
    await world().until(() => other.reports.length > 0 && old.log.includes("close"), "refusal");
    expect(old.log).not.toContain("secure");
  });

  it("update(): the next handshake shows the new certificate, who stands stays", async () => {
    const first = authority.issue({ names: ["first.example", "localhost"] });
    const second = authority.issue({ names: ["second.example", "localhost"] });
    const context = createTlsContext(first);
    const reactor = world().createReactor();
    const one = await reactor.listen({ port: 0 }, { tls: context });
    const two = await reactor.listen({ port: 0 }, { tls: context });
    const before = await securePair(world(), one);
    expect(before.peer.socket.getPeerCertificate().subject.CN).toBe("first.example");
    // One that has begun, and one that has not: neither is lost.
    const halfway = dialRaw(one);
    await world().until(() => !halfway.connecting, "the connection");
    await world().settle();
    context.update(second);
    for (const listener of [one, two]) {
      const after = await securePair(world(), listener);
      expect(after.peer.socket.getPeerCertificate().subject.CN).toBe("second.example");
    }
    before.peer.socket.write("still here");
    await world().until(() => before.channel.unread === 10, "the bytes");
    expect(before.channel.write(Buffer.from("so am I"))).toBe(7);
    await world().until(() => before.peer.received() === "so am I", "the answer");
  });

  it("update() under traffic: no connection is lost", async () => {
    const context = createTlsContext(local);
    const reactor = world().createReactor();
    const listener = await reactor.listen({ port: 0 }, { tls: context });
    const peers = Array.from({ length: 40 }, (_, i) => {
      if (i % 4 === 0) context.update(authority.issue({ names: ["localhost"] }));
      return dialTls(listener);
    });
    for (let i = 0; i < peers.length; i++) {
      const channel = await accepted(world(), listener);
      if (i % 4 === 0) context.update(authority.issue({ names: ["localhost"] }));
      channel.write(Buffer.from("hello"));
    }
    await world().until(() => peers.every((peer) => peer.received() === "hello"), "all of them");
    expect(reactor.stats().handshakesFailed).toBe(0);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: sessions are resumed, until update()",
    async (v) => {
      const context = createTlsContext(local);
      const listener = await world().createReactor().listen({ port: 0 }, { tls: context });
      let session: Buffer | undefined;
      const meet = async (): Promise<boolean> => {
        const known = session;
        session = undefined;
        const peer = dialTls(listener, { maxVersion: v, session: known });
        peer.socket.on("session", (ticket: Buffer) => (session = ticket));
        const channel = await accepted(world(), listener);
        channel.write(Buffer.from("hello"));
        await world().until(() => peer.received() === "hello", "the greeting");
        const reused = peer.socket.isSessionReused();
        session ??= known;
        return reused;
      };
      expect([await meet(), await meet()]).toEqual([false, true]);
      context.update(local);
      expect(await meet()).toBe(false);
    },
  );

  it("update() with what is no good throws, and the old certificate stays", async () => {
    const context = createTlsContext(local);
    const other = authority.issue({ names: ["other.example"] });
    const bad = { cert: local.cert, key: other.key };
    expect(() => {
      context.update(bad);
    }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_CERTIFICATE" }));
    const listener = await world().createReactor().listen({ port: 0 }, { tls: context });
    const { peer } = await securePair(world(), listener);
    expect(peer.socket.getPeerCertificate().subject.CN).toBe("localhost");
  });
});

onNetworks([["net", "tcp"]], "TLS: client certificates", (world) => {
  const client = authority.issue({ names: ["client.example"] });
  const stranger = new Authority("another authority").issue({ names: ["client.example"] });
  const asked = { ca: authority.cert, requestCert: true };
  const expired = authority.issue({ names: ["client.example"], to: new Date(Date.now() - 1000) });

  it("required: a good one is let in, and known", async () => {
    const { listener } = await scene(world(), asked);
    const { channel } = await securePair(world(), listener, client);
    expect(channel.tls).toMatchObject({ authorized: true, authorizationError: null });
    expect(channel.tls!.peerCertificate!.subject).toBe("CN=client.example");
    channel.abort();
    await world().settle();
    expect(channel.tls!.peerCertificate!.subject).toBe("CN=client.example");
  });

  it.each([
    ["none", {}, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"],
    ["a stranger's", stranger, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["an expired one", expired, "CERT_HAS_EXPIRED"],
  ])("required: who shows %s is refused, with the reason", async (_, shown, code) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { listener, reports } = await scene(world(), asked);
      const peer = dialTls(listener, { ...shown, maxVersion });
      await world().until(() => reports.length > 0, "the report");
      expect((reports[0]!.error.cause as { code: string }).code).toMatch(new RegExp(`^${code}$`));
      expect(listener.waiting).toBe(0);
      await world().until(() => peer.socket.destroyed || peer.log.includes("end"), "the refusal");
    }
  });

  it.each([
    ["none", {}],
    ["a stranger's", stranger],
  ])("requested only: who shows %s is let in, not authorized", async (_, shown) => {
    const { listener, reports } = await scene(world(), { ...asked, rejectUnauthorized: false });
    const { channel } = await securePair(world(), listener, shown);
    expect(channel.tls!.authorized).toBe(false);
    expect(channel.tls!.authorizationError).toMatch(/^[A-Z_]+$/);
    expect(reports).toEqual([]);
  });
});
