/** The stations of the tour, in order. Each of them shows one thing, and says what it was. */
import {
  formatMask,
  IomuxError,
  PEER_CLOSED,
  READABLE,
  WRITABLE,
  type Channel,
  type Registration,
} from "iomux";

import type { Peer, Stage } from "./stage.ts";
import { quoted, tableLines, type Row } from "./transcript.ts";
import { MODES, polled, selected, told, Watch } from "./ways.ts";

/** With nothing to say for so long, `select()` is taken to have nothing to say. */
const QUIET_MS = 200;

const ASKED: Row = ["", "1st time", "2nd", "3rd"];

const modes = Object.entries(MODES);

/** The whole tour, over three connections. */
export async function tour(stage: Stage): Promise<void> {
  const { channel, peer } = await stage.connect();
  await unreadBytes(stage, channel, peer);
  await newBytes(stage, channel, peer);
  await partlyRead(stage, channel);
  await allRead(stage, channel);
  await noRoom(stage, channel, peer);
  await halfClosed(stage, channel, peer);
  await hungUp(stage, channel);
  await reset(stage);
  await closedMeanwhile(stage);
}

function station(stage: Stage, title: string, rows: readonly Row[], ...lesson: string[]): void {
  for (const line of [title, "", ...tableLines(rows), "", ...lesson, ""]) stage.print(line);
}

async function tellModes(stage: Stage, channel: Channel, interest: number): Promise<Row[]> {
  const rows: Row[] = [["select()", ...(await selected(stage.reactor, channel))]];
  for (const [name, mode] of modes) {
    rows.push([`handler, ${name}`, ...(await told(stage.reactor, channel, interest | mode))]);
  }
  return rows;
}

async function unreadBytes(stage: Stage, channel: Channel, peer: Peer): Promise<void> {
  const come = stage.more(channel);
  peer.send("hello\n");
  await come;
  const [select, ...handlers] = await tellModes(stage, channel, READABLE);
  const polls: Row[] = [];
  for (const [name, mode] of modes) {
    polls.push([`poll(), ${name}`, ...(await polled(stage.reactor, channel, READABLE | mode))]);
  }
  station(
    stage,
    '1. The peer sends "hello". Nobody reads it, and each is asked three times.',
    [ASKED, select!, ...polls, ...handlers],
    "Level says what is so, again and again. Edge and oneshot say it once. Nothing was taken",
    "away: the same bytes were asked about 21 times. poll() answers what handlers are told; from",
    "here on only these are shown.",
  );
}

async function newBytes(stage: Stage, channel: Channel, peer: Peer): Promise<void> {
  const rows: Row[] = [["", "1st turn", "2nd", "new bytes come", "after modify()"]];
  for (const [name, mode] of modes) {
    const watch = new Watch(stage.reactor, channel, READABLE | mode);
    const answers = [await watch.told(), await watch.told()];
    // Level would go on and on while the peer takes its time.
    if (mode === MODES.level) watch.registration.pause();
    const come = stage.more(channel);
    peer.send("more\n");
    await come;
    if (mode === MODES.level) watch.registration.resume();
    answers.push(await watch.told());
    watch.registration.modify(READABLE | mode);
    rows.push([`handler, ${name}`, ...answers, await watch.told()]);
    watch.end();
  }
  station(
    stage,
    '2. For each of them the peer sends "more". Still nobody reads.',
    rows,
    "New bytes are a new edge, though the old ones are unread. A oneshot that has reported is",
    "disarmed: not even new bytes are reported, until modify() arms it, which looks at once.",
  );
}

async function partlyRead(stage: Stage, channel: Channel): Promise<void> {
  const rows: Row[] = [["", "before", "after read(2)", "after modify()"]];
  for (const [name, mode] of modes) {
    const watch = new Watch(stage.reactor, channel, READABLE | mode);
    const answers = [await watch.told()];
    channel.read(2);
    answers.push(await watch.told());
    watch.registration.modify(READABLE | mode);
    rows.push([`handler, ${name}`, ...answers, await watch.told()]);
    watch.end();
  }
  station(
    stage,
    "3. Two bytes are read for each of them, of the many that are there.",
    rows,
    "Edge says nothing of what was left: who uses it reads until read() answers null, or waits",
    "for ever for what is already there.",
  );
}

async function allRead(stage: Stage, channel: Channel): Promise<void> {
  const read = channel.read();
  const next = channel.read();
  station(
    stage,
    `4. read() answers ${quoted(read)}; read() again: ${quoted(next)}.`,
    [ASKED, ...(await tellModes(stage, channel, READABLE))],
    "Nothing is readable any more. null is the normal answer of what would block (EAGAIN). That",
    "select() says write is its second list: there is room for output.",
  );
}

async function noRoom(stage: Stage, channel: Channel, peer: Peer): Promise<void> {
  await peer.stopReading();
  await fill(stage, channel);
  const rows: Row[] = [ASKED, ...(await tellModes(stage, channel, WRITABLE))];
  const registration = stage.reactor.register(channel, WRITABLE);
  const { queued } = channel;
  channel.setWaterMarks(2 * queued, queued - 1);
  const above = readyOf(registration);
  channel.setWaterMarks(2 * queued, queued);
  const at = readyOf(registration);
  registration.unregister();
  channel.setWaterMarks(stage.reactor.limits.highWaterMark, stage.reactor.limits.lowWaterMark);
  station(
    stage,
    "5. The peer stops reading. We write until write() takes nothing, and wait in vain for room.",
    rows,
    "The kernel is full, and the queue of the channel is at its high-water mark. WRITABLE comes",
    "back when the queue has fallen to its low-water mark, not sooner:",
    `   a byte above the mark: ${above}`,
    `   at the mark: ${at}`,
  );
  peer.readOn();
  await stage.until(() => channel.queued === 0, channel);
  station(
    stage,
    "   The peer reads on.",
    [ASKED, ...(await tellModes(stage, channel, WRITABLE))],
    "A channel is writable nearly always: who asks for WRITABLE at level without having something",
    "to write is called in every turn.",
  );
}

/** Returns when there was no room for a while: the peer has stopped, and the kernel is full. */
async function fill({ reactor }: Stage, channel: Channel): Promise<void> {
  for (;;) {
    const [, writable] = await reactor.select([], [channel], [], { timeoutMs: QUIET_MS });
    if (writable.length === 0) return;
    channel.write(Buffer.alloc(channel.room));
  }
}

function readyOf(registration: Registration): string {
  return registration.ready === 0 ? "-" : formatMask(registration.ready);
}

async function halfClosed(stage: Stage, channel: Channel, peer: Peer): Promise<void> {
  const interest = READABLE | PEER_CLOSED;
  const come = stage.more(channel);
  peer.send("bye\n");
  await come;
  peer.end();
  await stage.ended(channel);
  station(
    stage,
    '6. The peer sends "bye" and ends its side (half-close). It still reads.',
    [ASKED, ...(await tellModes(stage, channel, interest))],
    "PEER_CLOSED says that nothing comes behind what is here. READABLE stands for the bytes,",
    "and then for the end itself:",
    `   read() answers ${quoted(channel.read())}`,
    `   then a handler is told ${(await told(stage.reactor, channel, interest))[0]!}`,
    `   read() answers ${quoted(channel.read())}: the end of the stream, once`,
    `   then a handler is told ${(await told(stage.reactor, channel, interest))[0]!}`,
    `   read() answers ${quoted(channel.read())}, and ended is ${channel.ended}`,
    `   write() takes ${channel.write(Buffer.from("still here\n"))} bytes: our side is open`,
  );
}

async function hungUp(stage: Stage, channel: Channel): Promise<void> {
  const watch = new Watch(stage.reactor, channel, READABLE);
  channel.shutdown();
  await stage.until(() => channel.state === "closed");
  station(
    stage,
    "7. We end our side too: shutdown().",
    [
      ["", "until the end"],
      ["handler, level", await watch.told()],
    ],
    "HANGUP was asked by nobody: it is reported always, and once. It is the last call: the",
    `registration is gone, the channel is ${channel.state}, its error is ${String(channel.error)}.`,
  );
}

async function reset(stage: Stage): Promise<void> {
  const { channel, peer } = await stage.connect();
  const come = stage.more(channel);
  peer.send("last words\n");
  await come;
  await peer.stopReading();
  channel.write(Buffer.from("are you there?\n"));
  await stage.until(() => channel.queued === 0, channel);
  peer.die();
  await stage.lost(channel);
  const rows: Row[] = [ASKED, ...(await tellModes(stage, channel, READABLE))];
  const words = quoted(channel.read());
  const [select] = await selected(stage.reactor, channel);
  const watch = new Watch(stage.reactor, channel, READABLE);
  station(
    stage,
    '8. Another peer sends "last words", and is killed with bytes of ours unread: a reset.',
    rows,
    "What came before the reset is not lost, and ERROR waits until it is read:",
    `   read() answers ${words}`,
    `   then select() says ${select!}: what has failed would not block`,
    `   then a handler is told ${await watch.told()}, once: the last call`,
    `   the error of the channel: ${channel.error instanceof IomuxError ? channel.error.code : "none"}`,
  );
}

async function closedMeanwhile(stage: Stage): Promise<void> {
  stage.watchListener();
  const waiting = stage.reactor.poll();
  stage.end();
  const answers = (await waiting).map(([, ready]) => formatMask(ready));
  station(
    stage,
    "9. We close our listener, while poll() waits for it.",
    [["poll()", answers.join(", ")]],
    "As POLLNVAL of poll(2): what was asked about is not open any more. No handler is told so.",
  );
}
