/** What is tried in simulated worlds: by `npm test` with some seeds, by `npm run sim` with many. */
import type { Scenario } from "iomux/testing";

import { channels } from "./channels.ts";
import { chat } from "./chat.ts";
import { coroutines } from "./coroutines.ts";
import { crashes } from "./crashes.ts";
import { datagrams } from "./datagrams.ts";
import { drain } from "./drain.ts";
import { files } from "./files.ts";
import { filesAccounts } from "./files-accounts.ts";
import { framers } from "./framers.ts";
import { heldEcho } from "./held-echo.ts";
import { http } from "./http.ts";
import { lastWords } from "./last-words.ts";
import { pageChat } from "./page-chat.ts";
import { serveEcho } from "./serve-echo.ts";
import { serveLimits } from "./serve-limits.ts";
import { shutdown } from "./shutdown.ts";
import { udp } from "./udp.ts";

export const SCENARIOS: readonly Scenario[] = [
  channels,
  chat,
  coroutines,
  crashes,
  datagrams,
  drain,
  files,
  filesAccounts,
  framers,
  heldEcho,
  http,
  lastWords,
  pageChat,
  serveEcho,
  serveLimits,
  shutdown,
  udp,
];
