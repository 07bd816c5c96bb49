/** What select, poll and handlers answer for the same bytes: flags and wiring. */
import { createReactor } from "iomux";

import { runProgram } from "./program/program.ts";
import { HELP, readSettings, type Settings } from "./readiness/flags.ts";
import { NcPeer } from "./readiness/nc-peer.ts";
import { NetPeer } from "./readiness/net-peer.ts";
import { Stage } from "./readiness/stage.ts";
import { tour } from "./readiness/stations.ts";

/** Nothing is slow here but the machine. */
const SLOW_MS = 10_000;

async function run({ nc, port }: Settings): Promise<void> {
  const reactor = createReactor({ slowHandlerMs: SLOW_MS });
  try {
    const stage = await Stage.open(reactor, {
      listen: { port, host: "127.0.0.1" },
      dial: nc ? (listener) => new NcPeer(reactor, listener) : (listener) => new NetPeer(listener),
      print: console.log,
    });
    await tour(stage);
  } finally {
    await reactor.close();
  }
}

await runProgram({ name: "readiness-tour", help: HELP, readSettings, run });
