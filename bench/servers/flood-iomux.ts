/**
 * One direction, on a reactor. Port "in": bytes are read and dropped, one byte is answered for
 * each MiB. Port "out": each byte is answered with a MiB, in writes of 64 KiB.
 */
import { createReactor, READABLE, WRITABLE, type Channel, type SocketAddress } from "iomux";

import { answer, serverAnswers } from "../child.ts";

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, "x");
const PIECES = MIB / PIECE.length;

const reactor = createReactor();
const host = "127.0.0.1";
const ports = {
  in: await reactor.listen({ port: 0, host }),
  out: await reactor.listen({ port: 0, host }),
};

function sink(peer: Channel): void {
  let unanswered = 0;
  reactor.register(peer, READABLE, (channel) => {
    const bytes = channel.read();
    if (bytes === null) return;
    if (bytes.length === 0) channel.close();
    unanswered += bytes.length;
    for (; unanswered >= MIB; unanswered -= MIB) channel.write(PIECE.subarray(0, 1));
  });
}

function source(peer: Channel): void {
  let pieces = 0;
  reactor.register(peer, READABLE, (channel, _ready, registration) => {
    const bytes = channel.read();
    if (bytes?.length === 0) {
      channel.close();
      return;
    }
    pieces += (bytes?.length ?? 0) * PIECES;
    for (; pieces > 0 && channel.room >= PIECE.length; pieces--) channel.write(PIECE);
    registration.modify(pieces > 0 ? READABLE | WRITABLE : READABLE);
  });
}

for (const [listener, start] of [[ports.in, sink] as const, [ports.out, source] as const]) {
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) start(peer);
  });
}

answer({
  ...serverAnswers,
  port: ({ direction }: { direction: "in" | "out" }) =>
    (ports[direction].localAddress as SocketAddress & { port: number }).port,
});
