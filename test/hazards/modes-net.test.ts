/**
 * H25, H26 on real sockets: all interleavings of three steps, each in its own connection, against
 * the model. After each step there are turns, how many is not known: so level is compared by its
 * last report, the other modes by all of them.
 */
import { expect, it } from "vitest";

import { formatMask, ONESHOT, EDGE, PEER_CLOSED, READABLE, type Reactor } from "iomux";

import type { BufferedChannel } from "../../src/channel.ts";
import { crowd, turns, type Member } from "../support/crowd.ts";
import { onNetworks } from "../support/world.ts";
import { ARRIVING, MODES, ReadinessModel, type PeerClose, type Step } from "./readiness-model.ts";
import { words } from "./words.ts";

const DEPTH = 3;

interface Subject {
  readonly steps: readonly Step[];
  readonly model: ReadinessModel;
  readonly told: number[];
  readonly expected: number[];
  take(step: Step): void;
  /** Whether what the world has done has arrived. */
  readonly arrived: boolean;
}

function subjectOf(
  { channel, peer }: Member,
  reactor: Reactor,
  interest: number,
  peerClose: PeerClose,
  steps: readonly Step[],
): Subject {
  const model = new ReadinessModel(interest, peerClose);
  const told: number[] = [];
  const registration = reactor.register(channel, interest, (_, ready) => {
    told.push(ready);
  });
  const take = (step: Step): void => {
    if (step === "arrive") peer.write(Buffer.alloc(ARRIVING, "x"));
    if (step === "peer-close" && peerClose === "reset") peer.reset();
    if (step === "peer-close" && peerClose === "end") peer.end();
    if (step === "read") channel.read(1);
    if (step === "clear") for (; channel.read() !== null;);
    if (step === "close") channel.close();
    if (step === "unregister") registration.unregister();
    if (step === "modify" && registration.active) registration.modify(interest);
    model.step(step);
    model.io();
  };
  return {
    ...{ steps, model, told, expected: [], take },
    get arrived() {
      const { state } = channel;
      if (!model.registered || state === "closed") return true; // after the last call
      return (channel as BufferedChannel).condition() === model.condition;
    },
  };
}

/** What the model tells in a turn. */
function turn({ model, expected }: Subject): void {
  model.collect();
  const told = model.dispatch();
  model.called(told);
  if (told !== 0) expected.push(told);
}

const KINDS = [
  ["net", "tcp"],
  ["net", "unix"],
] as const;

onNetworks(KINDS, "modes on real sockets", (world) => {
  async function check(mode: number, peerClose: PeerClose): Promise<void> {
    const interest = READABLE | PEER_CLOSED | mode;
    const exact = (mode & (EDGE | ONESHOT)) !== 0;
    const reactor = world().createReactor();
    const cases = [...words(DEPTH)];
    const members = await crowd(world(), reactor, cases.length);
    const subjects = cases.map((steps, i) =>
      subjectOf(members[i]!, reactor, interest, peerClose, steps),
    );
    for (let place = 0; place < DEPTH; place++) {
      for (const subject of subjects) subject.take(subject.steps[place]!);
      await world().until(() => subjects.every(({ arrived }) => arrived), "what was sent");
      const before = subjects.map(({ told }) => told.length);
      await turns(world(), reactor, 3);
      subjects.forEach((subject, i) => {
        turn(subject);
        const { steps, told, expected } = subject;
        const last = expected.splice(0);
        const seen = exact ? told.splice(0) : told.slice(last.length > 0 ? -1 : before[i]);
        const what = steps.slice(0, place + 1).join(", ");
        expect(`${what}: ${names(seen)}`).toBe(`${what}: ${names(last)}`);
      });
    }
  }

  it.each(MODES)("8 / H25, H26: %s: all interleavings of three steps", async (_, mode) => {
    await check(mode, "end");
  });

  it.each(MODES)("8 / H25, H26: %s: the same with a peer that resets", async (_, mode) => {
    // Unix-domain sockets know no reset: there it is an end of both sides.
    if (world().family === "tcp") await check(mode, "reset");
  });
});

function names(masks: readonly number[]): string {
  return masks.map(formatMask).join(", ");
}
