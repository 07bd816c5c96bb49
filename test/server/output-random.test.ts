/**
 * Promise 24, at random: senders, readers that stop and go on, and every policy. What arrives is
 * always made of whole frames in order, and what was not dropped arrives.
 */
import { expect, it, onTestFailed } from "vitest";

import { broadcast, OUTPUT_POLICIES } from "iomux";

import { Random } from "../support/seeds.ts";
import { frame, framesIn, onEveryServer, serving, type Guest } from "../support/serving.ts";

const KIB = 1024;
const MAX = 300 * KIB;

interface Member {
  readonly guest: Guest;
  /** The numbers of the frames that were taken for it. */
  readonly taken: number[];
  /** What was dropped for it when the last of these was taken. */
  droppedThen: number;
  offered: number;
  reading: boolean;
}

function take(member: Member, number: number): void {
  member.taken.push(number);
  member.droppedThen = member.guest.connection.droppedFrames;
}

onEveryServer("output at random", (world) => {
  it.each(OUTPUT_POLICIES)(
    "24: %s: whole frames, in order, and none lost but by it",
    async (policy) => {
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
      onTestFailed(() => {
        console.error(`failed with SEED=${seed}`);
      });
      const random = new Random(seed);
      const served = await serving(
        world(),
        {
          outputPolicy: policy,
          highWaterMark: 64 * KIB,
          lowWaterMark: 16 * KIB,
          softOutputBytes: 200 * KIB,
          softOutputMs: 50,
          maxOutputBytes: MAX,
        },
        {},
        { flushBytes: 20 * KIB },
      );
      const guests = await served.joinAll(4);
      const members: Member[] = guests.map((guest) => ({
        guest,
        taken: [],
        droppedThen: 0,
        offered: 0,
        reading: true,
      }));
      const connections = members.map(({ guest }) => guest.connection);
      for (let number = 0; number < 400; number++) {
        const member = random.pick(members);
        const length = random.pick([6, 100, 1024, 1025, 5000, 40_000, random.between(6, 100_000)]);
        const bytes = frame(number, length);
        if (random.number(3) > 0) {
          // Who takes it is seen by who has more of it, or has dropped more.
          const open = connections.filter(({ state }) => state === "open");
          const dropped = open.map(({ droppedFrames }) => droppedFrames);
          const count = broadcast(open, bytes);
          for (const each of members) if (open.includes(each.guest.connection)) each.offered++;
          const takers = open.filter((connection, place) => {
            if (policy === "drop-newest") return connection.droppedFrames === dropped[place];
            return connection.state === "open";
          });
          if (policy !== "drop-oldest") expect(takers).toHaveLength(count);
          for (const each of members)
            if (takers.includes(each.guest.connection)) take(each, number);
        } else {
          member.offered++;
          if (member.guest.connection.send(bytes)) take(member, number);
        }
        expect(member.guest.connection.backlog).toBeLessThanOrEqual(MAX);
        if (length <= 1024) bytes.fill(0xee);
        if (random.number(6) === 0) {
          member.reading = !member.reading;
          if (member.reading) member.guest.peer.resume();
          else member.guest.peer.pause();
        }
        if (random.number(3) === 0) await world().passes(random.number(4));
        if (random.number(20) === 0) await world().advance(random.number(60));
        if (number % 50 === 0) served.server.assertInvariants();
      }
      for (const { guest, taken, droppedThen } of members) {
        const { connection, peer } = guest;
        peer.resume();
        await world().until(() => connection.backlog === 0, "the output to leave");
        await world().settle();
        if (connection.state !== "open") continue;
        const arrived = framesIn(peer.received);
        expect(arrived).toEqual([...new Set(arrived)].toSorted((a, b) => a - b));
        if (policy === "drop-oldest") {
          expect(arrived.filter((number) => !taken.includes(number))).toEqual([]);
          // The soft limit may have dropped it too, beside one that had begun to leave.
          if (connection.droppedFrames > droppedThen) continue;
          expect(arrived.at(-1)).toBe(taken.at(-1));
        } else expect(arrived).toEqual(taken);
      }
      expect(served.reports).toEqual([]);
    },
  );
});
