/** What came between bind(2) and connect(2) is still delivered: only the peer's is for the socket. */
import { expect, it } from "vitest";

import { createReactor, type DatagramSink, type DatagramSource } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const PEER: DatagramSource = { family: "IPv4", host: "127.0.0.1", port: 7 };

it("a socket with a peer drops what others have sent, and counts it", async () => {
  const clock = new SimulatedClock();
  const network = new MemoryNetwork(clock);
  let sink!: DatagramSink;
  const bind = network.bind.bind(network);
  network.bind = async (...given) => {
    const transport = await bind(...given);
    transport.attach = (attached) => {
      sink = attached;
    };
    return transport;
  };
  const reactor = createReactor({ network, clock });
  const datagram = await clock.run(reactor.bind({ port: 0 }, { peer: PEER }));
  const bytes = Buffer.from("x");
  for (const from of [{ ...PEER, port: 8 }, { ...PEER, host: "127.0.0.2" }, PEER]) {
    sink.onDatagram(bytes, from);
  }
  expect([datagram.waiting, datagram.dropped]).toEqual([1, 2]);
  expect(datagram.receive()).toEqual({ bytes, from: PEER });
  expect(reactor.stats()).toMatchObject({ datagramsIn: 3, datagramsDropped: 2 });
});
