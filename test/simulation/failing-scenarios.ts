/** A scenario that fails where a stream stands still, for the tests of what is told of a failure. */
import type { Scenario } from "iomux/testing";

import { echoes } from "./scenarios/serve-echo.ts";

const impatient: Scenario = {
  name: "impatient",
  run: async (world) => {
    await echoes(world);
    if (world.clock.now() > 1000) throw new Error("it took more than a second");
  },
};

export const SCENARIOS: readonly Scenario[] = [impatient];
