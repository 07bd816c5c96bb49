/** TLS sockets of others: adopted, and given back. */
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

import { expect, it, onTestFinished } from "vitest";

import { READABLE } from "iomux";

import { authority, local } from "../support/certificates.ts";
import { record } from "../support/record.ts";
import { dialRaw, secure, securePair } from "../support/tls-peers.ts";
import { onNetworks } from "../support/world.ts";

async function nodePair(own: boolean): Promise<{ near: tls.TLSSocket; far: tls.TLSSocket }> {
  const server = tls.createServer({ ...local, allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const accepted = once(server, "secureConnection") as Promise<[tls.TLSSocket]>;
  const to = { ca: authority.cert, host: own ? "127.0.0.1" : "localhost" };
  const near = tls.connect(
    own ? { ...to, port } : { ...to, socket: net.connect(port, "127.0.0.1") },
  );
  await once(near, "secureConnect");
  const [far] = await accepted;
  far.on("error", () => undefined);
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

onNetworks([["net", "tcp"]], "TLS sockets of others", (world) => {
  it.each([
    ["that has connected itself", true],
    ["over a raw socket", false],
  ])("adopt() takes one %s", async (_, own) => {
    const { near, far } = await nodePair(own);
    const reactor = world().createReactor();
    const channel = reactor.adopt(near);
    expect(channel.tls).toMatchObject({ protocol: "TLSv1.3", authorized: true });
    expect(channel.remoteAddress).toMatchObject({ host: "127.0.0.1" });
    const { log } = record(reactor, channel);
    channel.write(Buffer.from("ping"));
    expect(String((await once(far, "data"))[0])).toBe("ping");
    far.end("pong");
    await world().until(() => channel.ended, "the end");
    expect([log, channel.endConfirmed]).toEqual([['READABLE "pong"', "READABLE end"], true]);
    const over = new Promise((resolve) => far.once("close", resolve));
    channel.abort();
    far.resume();
    await over;
  });

  it("one whose handshake is not done is refused", async () => {
    const raw = net.createServer().listen(0, "127.0.0.1");
    await once(raw, "listening");
    const { port } = raw.address() as net.AddressInfo;
    const socket = tls.connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    expect(() => world().createReactor().adopt(socket)).toThrow(
      expect.objectContaining({ code: "IOMUX_CANNOT_ADOPT" }),
    );
    socket.destroy();
    raw.close();
  });

  it("release() gives the TLSSocket back, with what was unread", async () => {
    const reactor = world().createReactor();
    const listener = await reactor.listen({ port: 0 }, { tls: local });
    const { channel, peer } = await securePair(world(), listener);
    reactor.register(channel, READABLE, () => undefined).pause();
    peer.socket.write("unread");
    await world().until(() => channel.unread === 6, "the bytes");
    const socket = (await channel.release()) as unknown as tls.TLSSocket;
    expect(socket).toBeInstanceOf(tls.TLSSocket);
    socket.on("error", () => undefined);
    const chunks: string[] = [];
    socket.on("data", (chunk) => chunks.push(String(chunk)));
    socket.resume();
    peer.socket.write(" and more");
    await world().until(() => chunks.join("") === "unread and more", "both");
    socket.end("bye");
    await world().until(() => peer.received() === "bye" && peer.log.includes("end"), "the end");
    // One that we have made stays half-open, secure or not.
    expect(socket.allowHalfOpen).toBe(true);
  });

  it.each([false, true])(
    "adopted with allowHalfOpen %s, secured, released: so it is again",
    async (half) => {
      const reactor = world().createReactor();
      const plain = net.createServer({ allowHalfOpen: half });
      plain.listen(0, "127.0.0.1");
      const connected = once(plain, "connection");
      await once(plain, "listening");
      const raw = dialRaw({ localAddress: plain.address() } as never);
      const [near] = (await connected) as [net.Socket];
      const channel = reactor.adopt(near);
      reactor.startTls(channel, { server: local });
      const peer = secure(raw);
      await world().until(() => channel.state === "open", "the handshake");
      const socket = (await channel.release()) as tls.TLSSocket;
      expect(socket.allowHalfOpen).toBe(half);
      peer.socket.end();
      socket.resume();
      await once(socket, "end");
      // As in plain Node: one that is not half-open ends its own side.
      await world().settle();
      expect([socket.writable, peer.log.includes("end")]).toEqual([half, !half]);
      socket.destroy();
      plain.close();
    },
  );
});
