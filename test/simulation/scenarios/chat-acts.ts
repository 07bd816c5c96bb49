/** What members do, drawn from the seed of the world. */
import type { Simulation } from "iomux/testing";

import type { Leaving, Member } from "./chat-member.ts";

/** Names that several ask for. Two of them are the same one. */
export const COMMON_NAMES = ["Ann", "ANN", "Bob"];

/** A member in its world, whose room takes lines of so many bytes. */
export interface Stage {
  readonly world: Simulation;
  readonly member: Member;
  readonly maxLineBytes: number;
}

type Act = (stage: Stage) => Promise<void> | void;

const FILLER = 40;

function spoken({ random }: Member): (mark: string) => string {
  const action = random.chance(0.2) ? "/me " : "";
  const filler = "z".repeat(random.integer(0, FILLER));
  return (mark) => `${action}${mark}${filler === "" ? "" : ` ${filler}`}`;
}

const say: Act = ({ member }) => {
  member.send(member.say(spoken(member)));
};

/** Many lines in one write, or one after the other at the same moment. */
const sayMany: Act = ({ member }) => {
  const count = member.random.integer(2, 12);
  const lines = Array.from({ length: count }, () => member.say(spoken(member)));
  if (member.random.chance(0.5)) member.send(lines.join(""));
  else for (const line of lines) member.send(line);
};

/** A line in pieces, with CR LF, and what telnet says to telnet in between. */
const sayInPieces: Act = async ({ world, member }) => {
  const line = member.say(spoken(member)).slice(0, -1);
  const cut = member.random.integer(1, line.length);
  member.send(line.slice(0, cut));
  if (member.random.chance(0.3)) member.send(Buffer.of(0xff, 0xfb, 0x01));
  await world.sleep(member.random.integer(0, 200));
  member.send(line.slice(cut));
  member.send("\r");
  if (member.random.chance(0.5)) await world.sleep(member.random.integer(0, 50));
  member.send("\n");
};

const sayTooMuch: Act = async ({ world, member, maxLineBytes }) => {
  const mark = member.mark();
  member.unsayable.add(mark);
  const line = `${mark} ${"z".repeat(maxLineBytes * member.random.integer(1, 20))}`;
  const cut = member.random.integer(1, line.length);
  member.send(line.slice(0, cut));
  if (member.random.chance(0.5)) await world.sleep(member.random.integer(0, 100));
  member.send(`${line.slice(cut)}\n`);
};

const sayNoText: Act = ({ member }) => {
  const mark = member.mark();
  member.unsayable.add(mark);
  member.send(Buffer.concat([Buffer.from(mark), Buffer.of(0xc3, 0x28, 0x0a)]));
};

const rename: Act = ({ member }) => {
  member.send(`/nick ${member.ownName()}\n`);
};

/** To a name that others want, and away from it: so each change has a name of this member's own. */
const takeCommonName: Act = async ({ world, member }) => {
  member.send(`/nick ${member.ownName()}\n/nick ${member.random.pick(COMMON_NAMES)}\n`);
  await world.sleep(member.random.integer(0, 500));
  member.send(`/nick ${member.ownName()}\n`);
};

const whisper: Act = ({ member }) => {
  const mark = member.mark("p");
  member.whispered.add(mark);
  member.send(`/msg ${member.random.pick([...COMMON_NAMES, "N1x0", "N2x0", "nobody"])} ${mark}\n`);
};

const ask: Act = ({ member }) => {
  member.send(`${member.random.pick(["/who", "/help", "/history 0", "/no", "", "  "])}\n`);
};

const stopReading: Act = async ({ world, member }) => {
  member.socket.pause();
  await world.sleep(member.random.pick([10, 100, 1000, 10_000, 30_000]));
  if (!member.socket.closed) member.socket.resume();
};

const rest: Act = ({ world, member }) =>
  world.sleep(member.random.integer(1, member.random.pick([1000, 1000, 30_000])));

/** More than a member that does not read may leave unread. */
const tellStory: Act = async ({ world, member, maxLineBytes }) => {
  const line = (mark: string): string => `${mark} ${"z".repeat(maxLineBytes - mark.length - 1)}`;
  for (let pages = 15; pages > 0 && !member.over; pages--) {
    member.send(Array.from({ length: 10 }, () => member.say(line)).join(""));
    await world.sleep(member.random.integer(0, 100));
  }
};

const ACTS: readonly (readonly [weight: number, act: Act])[] = [
  [10, say],
  [6, sayMany],
  [2, sayInPieces],
  [1, sayTooMuch],
  [1, sayNoText],
  [1, rename],
  [1, takeCommonName],
  [2, whisper],
  [2, ask],
  [2, stopReading],
  [2, rest],
];

const ALL = ACTS.flatMap(([weight, act]) => Array<Act>(weight).fill(act));

/** Enters, speaks, and leaves or stays, until its connection is over. */
export async function visit(stage: Stage): Promise<void> {
  const { world, member } = stage;
  const { random } = member;
  const name = random.chance(0.3) ? random.pick(COMMON_NAMES) : member.ownName();
  if (random.chance(0.05)) return; // It never says who it is.
  member.send(`${name}\n`);
  if (random.chance(0.9)) await enter(stage);
  if (random.chance(0.1)) await tellStory(stage);
  for (let acts = random.integer(0, 25); acts > 0 && !member.over; acts--) {
    await random.pick(ALL)(stage);
    if (random.chance(0.7)) await world.sleep(random.integer(0, 200));
  }
  if (random.chance(0.25)) return;
  if (random.chance(0.2)) {
    member.unfinished = member.mark();
    member.send(member.unfinished);
  }
  if (random.chance(0.5)) await world.sleep(random.integer(0, 20));
  const ways: readonly Leaving[] = ["end", "end", "destroy", "reset", "quit", "quit"];
  member.leave(random.pick(member.unfinished === null ? ways : ways.slice(0, 4)));
}

/** Waits until it is let in; a name that is taken is given up for one that is not. */
async function enter({ member }: Stage): Promise<void> {
  const answered = (): boolean => member.welcomed || member.hasHeard(/ is taken\. What is/);
  if (await member.until(answered, 5000)) {
    if (!member.welcomed) member.send(`${member.ownName()}\n`);
    await member.until(() => member.welcomed, 3000);
  }
}
