/** Promises 4 to 7: who is called, with what, and in which turn. */
import { expect, it } from "vitest";

import {
  EDGE,
  ERROR,
  formatMask,
  HANGUP,
  PEER_CLOSED,
  READABLE,
  WRITABLE,
  type Channel,
  type Reactor,
  type Registration,
} from "iomux";

import { crowd, failedWithBytes, readyCrowd, turns } from "../support/crowd.ts";
import { connected, onEveryNetwork, onStillNetworks, type World } from "../support/world.ts";

/** What one handler does to another's channel, and whether `unregister` still knows of it. */
const ENDINGS: readonly (readonly [
  name: string,
  end: (other: Registration<Channel>, reactor: Reactor) => void,
])[] = [
  ["registration.unregister()", (other) => other.unregister()],
  ["reactor.unregister(channel)", (other, reactor) => reactor.unregister(other.descriptor)],
  ["reactor.unregister(fd)", (other, reactor) => reactor.unregister(other.fd)],
  [
    "close()",
    (other) => {
      other.descriptor.close();
    },
  ],
  [
    "abort()",
    (other) => {
      other.descriptor.abort();
    },
  ],
];

/** Registers all members of a crowd with one handler; every rotation of them is tried. */
async function inEveryRotation(
  world: World,
  count: number,
  interest: number,
  test: (
    reactor: Reactor,
    registrations: Registration<Channel>[],
    rotate: (handler: Handler) => void,
  ) => Promise<void>,
): Promise<void> {
  for (let rotation = 0; rotation < count; rotation++) {
    const reactor = world.createReactor({ turnBudgetMs: Infinity });
    const members = await readyCrowd(world, reactor, count);
    await turns(world, reactor, rotation);
    let handler: Handler = () => {};
    const registrations = members.map(({ channel }) =>
      reactor.register(channel, interest, (...given) => {
        handler(...given);
      }),
    );
    await test(reactor, registrations, (given) => (handler = given));
  }
}

type Handler = (channel: Channel, ready: number, registration: Registration<Channel>) => void;

onEveryNetwork("dispatch", (world) => {
  it.each(ENDINGS)(
    "4 / H3: after %s no handler of it runs, later or earlier in the batch",
    async (_, end) => {
      await inEveryRotation(world(), 3, READABLE, async (reactor, registrations, rotate) => {
        const called: number[] = [];
        let last: Registration<Channel> | undefined;
        rotate((_channel, _ready, registration) => {
          expect(registration.active).toBe(true);
          called.push(registration.fd);
          // The first ends the second, and the last ends the first, which was called already.
          if (called.length === 1) {
            last = registration;
            end(
              registrations.find((other) => other !== registration)!,
              reactor,
            );
          } else if (last?.active === true) end(last, reactor);
        });
        await turns(world(), reactor, 4);
        expect(new Set(called.slice(0, 2)).size).toBe(2);
        const survivor = called[1]!;
        expect(called.slice(2).every((fd) => fd === survivor)).toBe(true);
        expect([...reactor.registrations.keys()]).toEqual([survivor]);
        reactor.assertInvariants();
      });
    },
  );

  it("4 / H3: unregistering everybody in a handler ends the batch", async () => {
    await inEveryRotation(world(), 3, READABLE, async (reactor, registrations, rotate) => {
      let calls = 0;
      rotate(() => {
        calls++;
        for (const registration of registrations) registration.unregister();
      });
      await turns(world(), reactor, 3);
      expect(calls).toBe(1);
      expect(reactor.registrations.size).toBe(0);
    });
  });

  it.each(ENDINGS)(
    "4 / H2: after %s inside its own handler it is not called again",
    async (_, end) => {
      const reactor = world().createReactor();
      const [member] = await readyCrowd(world(), reactor, 1);
      const seen: string[] = [];
      const { channel } = member!;
      const registration = reactor.register(
        channel,
        READABLE | WRITABLE,
        (_channel, ready, self) => {
          seen.push(formatMask(ready));
          end(self, reactor);
        },
      );
      await turns(world(), reactor, 3);
      // Read and write are one call: there is no second part that could still run.
      expect(seen).toEqual(["READABLE|WRITABLE"]);
      expect(registration.active).toBe(false);
    },
  );

  it("4: closing unregisters; unregistering what was registered here and is closed is false", async () => {
    const reactor = world().createReactor();
    const members = await crowd(world(), reactor, 3);
    const [closing, aborted, never] = members.map(({ channel }) => channel);
    const registrations = [closing!, aborted!].map((channel) =>
      reactor.register(channel, READABLE, () => {}),
    );
    closing!.close();
    aborted!.abort();
    never!.close();
    expect(closing!.state).toBe("closing");
    expect(reactor.registrations.size).toBe(0);
    for (const channel of [closing!, aborted!]) {
      expect(reactor.unregister(channel)).toBe(false);
      expect(reactor.unregister(channel.fd), channel.state).toBe(false);
      expect(() => reactor.modify(channel, READABLE)).toThrow("not registered");
    }
    for (const registration of registrations) {
      const same = (): void => {
        registration.modify(registration.interest);
      };
      expect(same).toThrow("it is not registered any more");
    }
    expect(() => reactor.unregister(never!)).toThrow("not registered");
    members[0]!.peer.end();
    await world().until(() => closing!.state === "closed", "the close");
    expect(reactor.unregister(closing!)).toBe(false);
    expect(reactor.unregister(closing!.fd)).toBe(false);
  });

  it("4 / H1: a channel registered in a closed one's place is not taken for it", async () => {
    await inEveryRotation(world(), 2, READABLE, async (reactor, registrations, rotate) => {
      const [, spare] = await readyCrowd(world(), reactor, 2);
      const calls: string[] = [];
      rotate((_channel, _ready, registration) => {
        calls.push(`old ${registration.fd}`);
        if (calls.length > 1) return;
        const other = registrations.find((candidate) => candidate !== registration)!;
        other.descriptor.close();
        const turn = reactor.stats().turns;
        reactor.register(spare!.channel, READABLE, (channel) => {
          calls.push("new");
          expect(reactor.stats().turns).toBeGreaterThan(turn);
          channel.read();
        });
        // The same channel, once more: the old registration's readiness is not the new one's.
        registration.unregister();
        reactor.register(registration.descriptor, READABLE, (channel) => {
          calls.push("again");
          expect(reactor.stats().turns).toBeGreaterThan(turn);
          channel.read();
        });
      });
      await turns(world(), reactor, 3);
      expect(calls).toHaveLength(3);
      expect(calls.slice(1).sort()).toEqual(["again", "new"]);
    });
  });

  it("5 / H5: what is registered during a turn is dispatched in the next turn at the earliest", async () => {
    const reactor = world().createReactor();
    const [first, second] = await readyCrowd(world(), reactor, 2);
    const turnOf: { first?: number; second?: number } = {};
    reactor.register(first!.channel, READABLE, (channel) => {
      turnOf.first = reactor.stats().turns;
      channel.read();
      reactor.register(second!.channel, READABLE, (other) => {
        turnOf.second ??= reactor.stats().turns;
        other.read();
      });
    });
    await turns(world(), reactor, 3);
    expect(turnOf.second).toBe(turnOf.first! + 1);
  });

  it("5: what is re-armed or resumed during a turn is dispatched in the next one", async () => {
    const rearm: [interest: number, change: (registration: Registration) => void][] = [
      [
        READABLE,
        (registration) => {
          registration.modify(WRITABLE);
        },
      ],
      [
        READABLE | EDGE,
        (registration) => {
          registration.modify(READABLE | EDGE);
        },
      ],
      [
        READABLE,
        (registration) => {
          registration.pause();
          registration.resume();
        },
      ],
    ];
    for (const [interest, change] of rearm) {
      await inEveryRotation(world(), 2, interest, async (reactor, registrations, rotate) => {
        const calls: { fd: number; turn: number; ready: number }[] = [];
        rotate((channel, ready, { fd }) => {
          calls.push({ fd, turn: reactor.stats().turns, ready });
          channel.read();
          if (calls.length === 1) change(registrations.find((other) => other.fd !== fd)!);
        });
        await turns(world(), reactor, 2);
        expect(calls[1]!.fd).not.toBe(calls[0]!.fd);
        expect(calls[1]!.turn).toBe(calls[0]!.turn + 1);
      });
    }
  });

  it("6 / H4: ready is filtered by the current interest just before each call", async () => {
    await inEveryRotation(
      world(),
      2,
      READABLE | WRITABLE,
      async (reactor, registrations, rotate) => {
        const seen: string[] = [];
        rotate((_channel, ready, registration) => {
          seen.push(formatMask(ready));
          if (seen.length === 1)
            registrations.find((other) => other !== registration)!.modify(WRITABLE);
          if (seen.length === 2) for (const { descriptor } of registrations) descriptor.abort();
        });
        await turns(world(), reactor, 2);
        expect(seen).toEqual(["READABLE|WRITABLE", "WRITABLE"]);
      },
    );
  });

  it("6: what a handler read, paused or unregistered counts at once", async () => {
    const change: ((other: Registration<Channel>) => void)[] = [
      (other) => other.descriptor.read(),
      (other) => {
        other.pause();
      },
      (other) => other.unregister(),
      (other) => {
        other.modify(PEER_CLOSED);
      },
    ];
    for (const act of change) {
      await inEveryRotation(world(), 2, READABLE, async (reactor, registrations, rotate) => {
        const called: number[] = [];
        rotate((channel, _ready, registration) => {
          called.push(registration.fd);
          channel.read();
          act(registrations.find((other) => other !== registration)!);
        });
        await turns(world(), reactor, 3);
        expect(called).toHaveLength(1);
      });
    }
  });

  it("6 / H4: bits that a handler adds are reported in the next turn", async () => {
    await inEveryRotation(world(), 2, READABLE, async (reactor, registrations, rotate) => {
      const seen: { fd: number; turn: number; ready: string }[] = [];
      rotate((_channel, ready, { fd }) => {
        seen.push({ fd, turn: reactor.stats().turns, ready: formatMask(ready) });
        if (seen.length === 1) for (const each of registrations) each.modify(READABLE | WRITABLE);
      });
      await turns(world(), reactor, 2);
      const turn = seen[0]!.turn;
      const [now, next] = [turn, turn + 1].map((at) =>
        seen.filter((call) => call.turn === at).map(({ ready }) => ready),
      );
      expect(now).toEqual(["READABLE", "READABLE"]);
      expect(next).toEqual(["READABLE|WRITABLE", "READABLE|WRITABLE"]);
    });
  });

  it("7: at most one call per registration per turn, with the whole mask", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const { channel, peer } = member!;
    peer.end();
    await world().settle();
    const calls: { turn: number; ready: number }[] = [];
    reactor.register(channel, READABLE | WRITABLE | PEER_CLOSED, (_, ready) => {
      calls.push({ turn: reactor.stats().turns, ready });
      // More to do in this turn does not bring a second call.
      reactor.wake();
      channel.write(Buffer.from("y"));
    });
    await turns(world(), reactor, 4);
    expect(calls.length).toBeGreaterThanOrEqual(4);
    expect(new Set(calls.map(({ turn }) => turn)).size).toBe(calls.length);
    for (const { ready } of calls) expect(ready).toBe(READABLE | WRITABLE | PEER_CLOSED);
  });

  it("7: READABLE repeats while bytes or the end of stream are unread", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const seen: number[] = [];
    reactor.register(channel, READABLE, (_, ready) => {
      seen.push(ready);
    });
    peer.write("ab");
    await world().until(() => channel.unread === 2, "the bytes");
    let before = seen.length;
    await turns(world(), reactor, 3);
    expect(seen.length).toBeGreaterThanOrEqual(before + 3);
    expect(channel.read(1)).toHaveLength(1);
    before = seen.length;
    await turns(world(), reactor, 3);
    expect(seen.length).toBeGreaterThanOrEqual(before + 3);
    expect(channel.read()).toHaveLength(1);
    before = seen.length;
    await turns(world(), reactor, 3);
    expect(seen.length).toBe(before);
    peer.end();
    await world().until(() => seen.length > before + 2, "the end, reported again and again");
    expect(channel.read()).toHaveLength(0);
    before = seen.length;
    await turns(world(), reactor, 3);
    expect(seen.length).toBe(before);
    expect(new Set(seen)).toEqual(new Set([READABLE]));
  });

  it("7: HANGUP waits until the end of stream is read; then one last call", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const { channel, peer } = member!;
    const seen: string[] = [];
    const registration = reactor.register(channel, PEER_CLOSED, (_, ready) => {
      seen.push(formatMask(ready));
    });
    channel.shutdown();
    peer.end();
    await world().until(() => channel.state === "hung-up", "both ends");
    await turns(world(), reactor, 3);
    expect(new Set(seen)).toEqual(new Set(["PEER_CLOSED"]));
    expect(channel.read()?.toString()).toBe("x");
    await turns(world(), reactor, 3);
    expect(seen.at(-1)).toBe("PEER_CLOSED");
    expect(channel.read()).toHaveLength(0);
    await world().until(() => !registration.active, "the last call");
    await turns(world(), reactor, 3);
    expect(seen.filter((ready) => ready === "HANGUP")).toHaveLength(1);
    expect(seen.at(-1)).toBe("HANGUP");
    expect(reactor.registrations.size).toBe(0);
    expect(channel).toMatchObject({ state: "closed", error: null });
  });

  it("7: ERROR waits until the bytes this process holds are read; then one last call", async () => {
    const reactor = world().createReactor();
    const failed = await failedWithBytes(world(), reactor);
    const { channel, seen, registration } = failed;
    await turns(world(), reactor, 3);
    expect(new Set(seen)).toEqual(new Set([READABLE]));
    expect(channel.read()?.toString()).toBe("x");
    await world().until(() => !registration.active, "the last call");
    await turns(world(), reactor, 3);
    expect(seen.at(-1)! & (READABLE | ERROR | HANGUP)).toBe(ERROR | HANGUP);
    expect(seen.filter((ready) => (ready & ERROR) !== 0)).toHaveLength(1);
    expect(reactor.registrations.size).toBe(0);
    expect(channel.state).toBe("closed");
  });
});

onStillNetworks("dispatch", (world) => {
  it("7: ERROR waits at most unreadMs for bytes that nobody reads", async () => {
    const reactor = world().createReactor({ unreadMs: 500 });
    const { channel, seen, registration } = await failedWithBytes(world(), reactor);
    registration.pause();
    await world().advance(499);
    await turns(world(), reactor, 2);
    expect(registration.active).toBe(true);
    await world().advance(1);
    await world().until(() => !registration.active, "the last call");
    expect(seen.at(-1)! & (ERROR | HANGUP)).toBe(ERROR | HANGUP);
    expect(channel.state).toBe("closed");
  });
});
