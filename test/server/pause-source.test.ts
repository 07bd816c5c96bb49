/** Promise 24: `pause-source`, the policy that makes speakers as slow as their slowest reader. */
import { expect, it } from "vitest";

import { broadcast, lines, type Connection, type ServeOptions } from "iomux";

import { turns } from "../support/crowd.ts";
import { frame, framesIn, onStillServers, serving, stuff, type Guest } from "../support/serving.ts";
import type { World } from "../support/world.ts";

const KIB = 1024;

/** Ten kilobytes are a backlog. Frames are lines: one of them is one call. */
const OPTIONS: ServeOptions<Buffer> = {
  outputPolicy: "pause-source",
  framer: () => lines(),
  highWaterMark: 10_000,
  lowWaterMark: 1000,
  maxOutputBytes: 100_000,
};

interface Talk {
  readonly heard: string[];
  readonly speaker: Guest;
  readonly readers: readonly Guest[];
  /** The bytes that each reader had before the talk. */
  readonly before: readonly number[];
  bufferedBytes(): number;
}

/** A line of the speaker becomes a frame of 2000 bytes for each reader; they are stuck. */
async function talk(
  world: World,
  count: number,
  answer: (connection: Connection, number: number) => void = () => undefined,
): Promise<Talk> {
  const heard: string[] = [];
  let readers: Guest[] = [];
  const served = await serving(world, OPTIONS, {
    frame(connection, line) {
      const text = line.toString();
      heard.push(text);
      const connections = readers.map((reader) => reader.connection);
      if (readers.length === 0) answer(connection, Number(text));
      else broadcast(connections, frame(Number(text), 2000), { source: connection });
    },
  });
  const speaker = await served.join();
  readers = await served.joinAll(count);
  const before: number[] = [];
  for (const reader of readers) before.push(await stuff(world, reader));
  return { heard, speaker, readers, before, bufferedBytes: () => served.bufferedBytes };
}

function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** Lines 1 to `count`. */
function script(count: number): string {
  return numbersTo(count).join("\n") + "\n";
}

onStillServers("pause-source", (world) => {
  it("24: the speaker is not read while a reader has a backlog, and is when it has drained", async () => {
    const { heard, speaker, readers, before } = await talk(world(), 1);
    speaker.peer.write(script(3));
    await world().settle();
    // The very first frame met a backlog.
    expect(heard).toEqual(["1"]);
    expect(readers[0]!.connection.backlog).toBe(12_000);
    speaker.peer.write("4\n");
    await world().settle();
    expect(heard).toEqual(["1"]);
    readers[0]!.peer.resume();
    await world().until(() => heard.length === 4, "the speaker to be read again");
    await world().until(() => readers[0]!.connection.backlog === 0, "the output to leave");
    await world().settle();
    expect(framesIn(readers[0]!.peer.received.subarray(before[0]))).toEqual([1, 2, 3, 4]);
    expect(heard).toEqual(["1", "2", "3", "4"]);
  });

  it("24: two readers hold up one speaker: it is read when both have drained", async () => {
    const { heard, speaker, readers } = await talk(world(), 2);
    speaker.peer.write(script(2));
    await world().settle();
    readers[0]!.peer.resume();
    await world().until(() => readers[0]!.connection.backlog === 0, "the first to drain");
    await world().settle();
    expect(heard).toEqual(["1"]);
    readers[1]!.peer.resume();
    await world().until(() => heard.length === 2, "the speaker to be read again");
  });

  it.each([
    ["aborts", (reader: Guest) => reader.connection.abort()],
    ["ends", (reader: Guest) => reader.connection.end()],
    ["is destroyed", (reader: Guest) => reader.peer.destroy()],
  ])("24: a reader that %s lets the speaker go on", async (_, close) => {
    const { heard, speaker, readers } = await talk(world(), 1);
    speaker.peer.write(script(3));
    await world().settle();
    expect(heard).toEqual(["1"]);
    close(readers[0]!);
    await world().until(() => heard.length === 3, "the speaker to be read again");
    expect(speaker.connection.state).toBe("open");
  });

  it("24: a speaker that closes is let go, and its readers keep what it said", async () => {
    const { heard, speaker, readers, before } = await talk(world(), 2);
    speaker.peer.write(script(3));
    await world().settle();
    speaker.connection.abort();
    for (const [place, { connection, peer }] of readers.entries()) {
      peer.resume();
      await world().until(() => connection.backlog === 0, "the output to leave");
      await world().settle();
      expect(framesIn(peer.received.subarray(before[place]))).toEqual([1]);
    }
    expect(heard).toEqual(["1"]);
  });

  it("24: two speakers wait for one reader, and both go on", async () => {
    const heard: string[] = [];
    let reader: Guest | null = null;
    const served = await serving(world(), OPTIONS, {
      frame(connection, line) {
        heard.push(line.toString());
        reader?.connection.send(frame(Number(line.toString()), 2000), { source: connection });
      },
    });
    const [one, other] = await served.joinAll(2);
    reader = await served.joinStuck();
    one!.peer.write("1\n2\n");
    other!.peer.write("11\n12\n");
    await world().settle();
    expect(heard.toSorted()).toEqual(["1", "11"]);
    reader.peer.resume();
    await world().until(() => heard.length === 4, "both");
  });

  it("24: an echo that is not read back is not read either, and memory is bounded", async () => {
    const { heard, speaker, bufferedBytes } = await talk(world(), 0, (connection, number) => {
      connection.send(frame(number, 2000));
    });
    const { connection, peer } = speaker;
    peer.pause();
    const numbers = numbersTo(10_000);
    for (const number of numbers) peer.write(`${String(number).padEnd(1999)}\n`);
    await world().settle();
    expect(connection.state).toBe("open");
    // The mark, and the frame that went over it.
    expect(connection.backlog).toBeGreaterThanOrEqual(10_000);
    expect(connection.backlog).toBeLessThan(12_000);
    // Besides, what was read before it was stopped, what waits unread, and what one read may bring.
    expect(bufferedBytes()).toBeLessThanOrEqual(12_000 + 3 * 64 * KIB);
    const stopped = heard.length;
    expect(stopped).toBeLessThan(10_000);
    await world().passes(20);
    expect(heard.length).toBe(stopped);
    peer.resume();
    const echoed = (): boolean => heard.length === 10_000 && connection.backlog === 0;
    await world().until(echoed, "every echo");
    await world().settle();
    expect(framesIn(peer.received)).toEqual(numbers);
  });

  it("24: output of nobody else's holds up its own connection", async () => {
    const { heard, speaker } = await talk(world(), 0);
    await stuff(world(), speaker);
    expect(speaker.connection.send(frame(1, 2000))).toBe(true);
    speaker.peer.write("1\n");
    await world().settle();
    expect(heard).toEqual([]);
    speaker.peer.resume();
    await world().until(() => heard.length === 1, "it to be read again");
  });

  it("24: a broadcast without a source holds up nobody", async () => {
    const { heard, speaker, readers } = await talk(world(), 1);
    expect(broadcast([readers[0]!.connection], frame(1, 2000))).toBe(1);
    readers[0]!.peer.write("7\n");
    await world().until(() => heard.length === 1, "the reader to be heard");
    speaker.peer.write("8\n");
    await world().until(() => heard.length === 2, "the speaker to be heard");
  });

  it("24: pause() and a reader's backlog are two reasons: both must end", async () => {
    const { heard, speaker, readers } = await talk(world(), 1);
    speaker.peer.write(script(2));
    await world().settle();
    speaker.connection.pause();
    readers[0]!.peer.resume();
    await world().until(() => readers[0]!.connection.backlog === 0, "the output to leave");
    await turns(world(), (await serving(world())).reactor, 3);
    expect(heard).toEqual(["1"]);
    speaker.connection.resume();
    await world().until(() => heard.length === 2, "the speaker to be read again");
  });

  it("24: what waits for a connection to stand, under the mark, holds up nobody", async () => {
    const heard: string[] = [];
    let connecting: (() => Connection) | null = null;
    let far: Connection | null = null;
    const served = await serving(world(), OPTIONS, {
      frame(connection, line) {
        heard.push(line.toString());
        far ??= connecting!();
        far.send(frame(1, 2000), { source: connection });
      },
    });
    const speaker = await served.join();
    const listener = await world().run(served.reactor.listen(world().address()));
    const local = listener.localAddress!;
    const address = local.family === "unix" ? { path: local.path } : { port: local.port };
    connecting = () => served.server.take(served.reactor.connect(address));
    speaker.peer.write("1\n2\n");
    await world().until(() => heard.length === 2, "both");
    await world().until(() => far?.backlog === 0, "the output to leave");
    speaker.peer.write("3\n");
    await world().until(() => heard.length === 3, "the speaker to be read");
  });

  it("24: with another policy nobody is held up", async () => {
    const heard: string[] = [];
    let reader: Guest | null = null;
    const served = await serving(
      world(),
      { ...OPTIONS, outputPolicy: "drop-newest" },
      {
        frame(connection, line) {
          heard.push(line.toString());
          reader?.connection.send(frame(1, 2000), { source: connection });
        },
      },
    );
    const speaker = await served.join();
    reader = await served.joinStuck();
    speaker.peer.write(script(60));
    await world().until(() => heard.length === 60, "all of it");
    expect(reader.connection.droppedFrames).toBe(15);
  });
});
