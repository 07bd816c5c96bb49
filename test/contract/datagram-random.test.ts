/** Whatever comes, of any size: nothing is lost that was not counted, and no limit is passed. */
import { expect, it } from "vitest";

import { READABLE } from "iomux";

import { MemoryWorld } from "../support/memory-world.ts";
import { addressOf } from "../support/datagrams.ts";
import { Random } from "../support/seeds.ts";

const SEEDS = process.env.SEED === undefined ? 60 : 1;
const FIRST = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

it.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))(
  "sent = received + dropped by a limit + lost on the way (SEED=%i)",
  async (seed) => {
    const random = new Random(seed);
    const world = new MemoryWorld("tcp");
    const { datagrams } = world.memory;
    let lost = 0;
    datagrams.carry = (_, deliver) => {
      const fate = random.number(10);
      if (fate === 0) lost++;
      else if (fate === 1) world.clock.timer(random.number(20), deliver);
      else if (fate === 2) {
        lost--;
        deliver();
        deliver();
      } else deliver();
    };
    const reactor = world.createReactor({
      datagramQueue: random.between(1, 50),
      datagramQueueBytes: random.between(1, 100_000),
      maxBufferedBytes: random.between(50_000, 200_000),
      onError: () => undefined,
    });
    const datagram = await world.run(reactor.bind({ port: 0 }));
    let received = 0;
    reactor.register(datagram, READABLE, () => {
      const most = random.between(1, 40);
      for (let i = 0; i < most && datagram.receive() !== null; i++) received++;
    });
    const peer = datagrams.socket({ port: 0 });
    let sent = 0;
    for (let round = 0; round < 40; round++) {
      for (let burst = random.number(60); burst > 0; burst--) {
        const size = random.pick([0, 1, random.number(1500), random.number(65_508)]);
        peer.send(Buffer.alloc(size), addressOf(datagram));
        sent++;
      }
      await world.passes(random.between(1, 3));
      reactor.assertInvariants();
    }
    await world.advance(100);
    expect(received + datagram.dropped + lost + datagrams.overflowed).toBe(sent);
    expect([datagram.unread, reactor.stats().bufferedBytes]).toEqual([0, 0]);
    await world.end();
  },
);
