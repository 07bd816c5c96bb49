/** H42: what is no framer is refused when it is given, not when the first byte comes. */
import { expect, it } from "vitest";

import { IomuxTypeError, lines, type Framer } from "iomux";

import { isOver, onEveryServer, servingLines } from "../support/serving.ts";

onEveryServer("no framer", (world) => {
  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["an empty object", {}],
    ["next that is no function", { next: 1 }],
    ["last that is no function", { next: () => null, last: 1 }],
    ["the maker of a framer", lines],
  ])(
    "H42: a factory that answers %s: the peer is reset at once, and it is reported",
    async (_, answer) => {
      let healthy = false;
      const served = await servingLines(world(), {
        framer: () => (healthy ? lines() : (answer as Framer<Buffer>)),
      });
      const refused = served.dial();
      await world().until(() => isOver(refused), "a no");
      expect(served.opened).toEqual([]);
      const given = answer === null ? "null" : typeof answer;
      expect(served.reports.map(({ error }) => error.message)).toEqual([
        `option framer answered ${given}: give a framer, an object with a method next`,
      ]);
      healthy = true;
      const guest = await served.join();
      guest.peer.write("hello\n");
      await world().until(() => served.frames.length === 1, "a frame");
      healthy = false;
      const listener = await world().run(served.reactor.listen(world().address()));
      const channel = served.reactor.connect(listener.localAddress!);
      expect(() => served.server.take(channel)).toThrow("option framer answered");
      expect([channel.state, served.server.connections.size]).toEqual(["connecting", 1]);
      refused.destroy();
    },
  );

  it("H42: upgrade() to what is no framer throws, and the one before goes on", async () => {
    const served = await servingLines(world());
    const { connection, peer } = await served.join();
    for (const framer of [undefined, null, {}, lines]) {
      const given = framer === null ? "null" : typeof framer;
      expect(() => {
        connection.upgrade(framer as Framer<Buffer>);
      }).toThrow(
        expect.objectContaining({
          constructor: IomuxTypeError,
          message:
            `upgrade of fd ${connection.fd} was given ${given}: ` +
            "give a framer, an object with a method next",
        }),
      );
    }
    peer.write("hello\n");
    await world().until(() => served.frames.length === 1, "a frame");
  });
});
