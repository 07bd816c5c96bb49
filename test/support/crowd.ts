/** Many channels at once, and single turns: for tests of who is called when. */
import {
  READABLE,
  type Channel,
  type Listener,
  type Reactor,
  type RegisterOptions,
  type Registration,
} from "iomux";

import { another, type Peer, type World } from "./world.ts";

export interface Member {
  readonly channel: Channel;
  readonly peer: Peer;
}

/** `count` channels of `reactor` with their peers, none of them registered. */
export async function crowd(world: World, reactor: Reactor, count: number): Promise<Member[]> {
  const listener = await world.run(reactor.listen(world.address()));
  const members: Member[] = [];
  for (let i = 0; i < count; i++) members.push(await another(world, listener));
  return members;
}

/** As `crowd`, and from every peer one byte has arrived. */
export async function readyCrowd(world: World, reactor: Reactor, count: number): Promise<Member[]> {
  const members = await crowd(world, reactor, count);
  for (const { peer } of members) peer.write("x");
  await arrived(
    world,
    members.map(({ channel }) => channel),
  );
  return members;
}

/** Waits until each of `channels` holds at least one byte. */
export async function arrived(world: World, channels: readonly Channel[]): Promise<void> {
  await world.until(() => channels.every(({ unread }) => unread > 0), "bytes to arrive");
}

/** Waits until `count` connections wait at `listener`. */
export async function knocking(world: World, listener: Listener, count: number): Promise<Peer[]> {
  const peers = Array.from({ length: count }, () => world.dial(listener));
  await world.until(() => listener.waiting >= count, "connections to wait");
  return peers;
}

/** Lets `count` turns go by, which happen whether there is something to do or not. */
export async function turns(world: World, reactor: Reactor, count = 1): Promise<void> {
  for (let i = 0; i < count; i++) {
    const before = reactor.stats().turns;
    reactor.wake();
    await world.until(() => reactor.stats().turns > before, "a turn");
  }
}

/** What must be the same after a call that failed. */
export function tables(reactor: Reactor): unknown {
  reactor.assertInvariants();
  const registrations = [...reactor.registrations.values()].map((registration) => {
    const { fd, interest, paused, disarmed, active, dispatches } = registration;
    return { fd, interest, paused, disarmed, active, dispatches };
  });
  return { registrations, stats: reactor.stats() };
}

/** What `call` throws; throws itself if that is nothing. */
export function thrownBy(call: () => unknown): Error & { code?: string; fd?: number } {
  try {
    call();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error("nothing was thrown");
}

/** The code of what ended `channel`. */
export function errorCode(channel: Channel): string | undefined {
  const error: NodeJS.ErrnoException | null = channel.error;
  return error?.code;
}

/** A registered channel that holds one byte and has failed. */
export async function failedWithBytes(
  world: World,
  reactor: Reactor,
  options?: RegisterOptions<undefined>,
): Promise<{ channel: Channel; seen: number[]; registration: Registration }> {
  const [member] = await readyCrowd(world, reactor, 1);
  const { channel, peer } = member!;
  const seen: number[] = [];
  const registration = reactor.register(
    channel,
    READABLE,
    (_, ready) => {
      seen.push(ready);
    },
    options,
  );
  peer.reset();
  // A Unix-domain socket learns that its peer is gone when it is written to.
  if (world.family === "unix") {
    await world.until(() => peer.closed, "the peer to be gone");
    await world.passes(8);
    channel.write(Buffer.from("y"));
  }
  await world.until(() => channel.state === "failed", "the failure");
  return { channel, seen, registration };
}
