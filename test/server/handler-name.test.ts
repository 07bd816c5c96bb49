/** The handlers of servers that share a reactor can be told apart, in reports and in the console. */
import { expect, it } from "vitest";

import { onEveryServer, servingLines } from "../support/serving.ts";

onEveryServer("the handler of a server's connections", (world) => {
  it.each([
    ["chat", "serve chat"],
    [undefined, "serve"],
  ])("with the label %j is called %j", async (label, name) => {
    const served = await servingLines(world(), label === undefined ? {} : { label });
    await served.join();
    const handlers = [...served.reactor.registrations.values()]
      .filter(({ descriptor }) => descriptor.kind === "channel")
      .map(({ handler }) => handler!.name);
    expect(handlers).toEqual([name]);
  });
});
