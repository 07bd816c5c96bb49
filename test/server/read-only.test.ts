/** A connection over a channel that can only be read, such as standard input. */
import { expect, it } from "vitest";

import { onEveryServer, servingLines } from "../support/serving.ts";
import { standardInput } from "../support/inputs.ts";

onEveryServer("a read-only channel", (world) => {
  it("its frames come, and send() answers false: nothing waits for ever", async () => {
    const served = await servingLines(world(), { writeProgressMs: 1000 });
    const input = await standardInput(world());
    const connection = served.server.take(served.reactor.adopt(input.source));
    input.write("one\n");
    await world().until(() => served.frames.length === 1, "a frame");
    expect(connection.send(Buffer.from("answer"))).toBe(false);
    expect(connection.send(Buffer.alloc(0))).toBe(false);
    expect(connection.backlog).toBe(0);
    await world().advance(10_000);
    expect([connection.state, connection.error]).toEqual(["open", null]);
    input.end("two\n");
    expect(await served.closedFor(connection)).toBe("end");
    expect(served.frames).toEqual(["one", "two"]);
  });
});
