/** H42: `connection.upgrade()` in mid-buffer: all pairs of framers, cut at every byte. */
import { expect, it } from "vitest";

import { framerKinds, framerTexts, type FramerKind } from "../support/framers.ts";
import { onEveryServer, serving } from "../support/serving.ts";

const SIZE = 2;
const KINDS = framerKinds(SIZE);
const TEXTS = framerTexts(SIZE);

onEveryServer("upgrade() in mid-buffer", (world) => {
  /** Frames of `a` and `b` in turn, each message cut at another byte. */
  async function speak(a: FramerKind, b: FramerKind): Promise<void> {
    const found: string[] = [];
    const served = await serving(
      world(),
      { framer: () => a.make() },
      {
        frame(connection, frame) {
          found.push(frame.toString("latin1"));
          connection.upgrade(found.length % 2 === 0 ? a.make() : b.make());
        },
      },
    );
    const { connection, peer } = await served.join();
    const [first, second] = [TEXTS[1]!, TEXTS[2]!];
    const message = a.encode(first) + b.encode(second);
    for (let cut = 0; cut <= message.length; cut++) {
      const before = connection.channel.bytesIn;
      peer.write(Buffer.from(message.slice(0, cut), "latin1"));
      await world().until(() => connection.channel.bytesIn === before + cut, "the first part");
      await world().passes(1);
      peer.write(Buffer.from(message.slice(cut), "latin1"));
      await world().until(() => found.length === 2, `the frames cut at ${cut}`);
      expect(found.splice(0), `cut at ${cut}`).toEqual([first, second]);
    }
    peer.end();
    await world().until(() => connection.state === "closed", "the end");
    expect(connection.reason).toBe("end");
  }

  it.each(KINDS.map((kind) => [kind.name, kind] as const))("from %s to each", async (_name, a) => {
    for (const b of KINDS) await speak(a, b);
  });
});
