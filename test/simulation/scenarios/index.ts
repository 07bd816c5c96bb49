/** What is tried in simulated worlds: by `npm test` with some seeds, by `npm run sim` with many. */
import type { Scenario } from "iomux/testing";

import { heldEcho } from "./held-echo.ts";
import { serveEcho } from "./serve-echo.ts";

export const SCENARIOS: readonly Scenario[] = [serveEcho, heldEcho];
