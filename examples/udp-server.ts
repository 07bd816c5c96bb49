/** The UDP server: flags and wiring. `npm run udp-server -- --help` tells the rest. */
import { randomBytes } from "node:crypto";

import { createReactor, formatAddress, TokenBucket } from "iomux";
import type { DatagramAddress, Reactor } from "iomux";

import { complaints } from "./program/complaint.ts";
import { serveUntilSignal } from "./program/ending.ts";
import { Journal } from "./program/journal.ts";
import { runProgram } from "./program/program.ts";
import { DatagramServer } from "./udp/datagram-server.ts";
import { readServerSettings, SERVER_HELP, type ServerSettings } from "./udp/server-flags.ts";
import { Service } from "./udp/service.ts";
import { timeInPython } from "./udp/time-in-python.ts";

const NAME = "udp-server";
const complain = complaints(NAME);

async function run({ listen, limits }: ServerSettings): Promise<void> {
  const reactor = createReactor({ onError: complain });
  const service = new Service({
    incarnation: randomBytes(8).readBigUInt64BE(),
    secret: randomBytes(32),
    wallMs: () => Date.now(),
    limits,
  });
  await serveUntilSignal(reactor, () => open(reactor, service, listen), {
    ending: () => {
      const { executed, repeated, foreign } = service.stats;
      console.log(`${executed} requests, ${repeated} copies, ${foreign} that were none. Bye.`);
    },
    complain,
  });
}

/** Answers how to end it. */
async function open(
  reactor: Reactor,
  service: Service,
  listen: ServerSettings["listen"],
): Promise<() => Promise<void>> {
  const journal = new Journal({
    limiter: new TokenBucket({ perSecond: 1, burst: 10 }),
    write: (line) => console.error(line),
    leftOut: (lines) => `${NAME}: ... ${lines} lines left out`,
  });
  const report = (error: Error): void => {
    journal.note(`${NAME}: an answer was lost: ${error.message}`, reactor.now());
  };
  const server = await DatagramServer.open(reactor, { service, listen, report });
  announce(server.address);
  return () => {
    server.close();
    journal.flush();
    return Promise.resolve();
  };
}

function announce(address: DatagramAddress): void {
  const { host, port } = address;
  console.log(`Receiving at ${formatAddress(address)} (UDP).`);
  console.log(`Try: npm run udp-client -- --host ${host} --port ${port} incr visits`);
  console.log(`The time, without that client: ${timeInPython(address)}`);
  console.log("Ctrl-C ends it.");
}

await runProgram({ name: NAME, help: SERVER_HELP, readSettings: readServerSettings, run });
