/** The chat room: flags and wiring. `npm start -- --help` tells the rest. */
import { createReactor, formatAddress, type SocketAddress } from "iomux";

import { HELP, readSettings, type Settings } from "./chat/flags.ts";
import { chatLimits, ChatServer } from "./chat/server.ts";
import { ENGLISH } from "./chat/texts.ts";

const DRAIN_MS = 2000;
function howToEnter(address: SocketAddress): string {
  if (address.family !== "unix") return `nc ${address.host} ${address.port}`;
  const plain = /^[\w./@%+,-]+$/.test(address.path);
  return `nc -U ${plain ? address.path : `'${address.path.replaceAll("'", "'\\''")}'`}`;
}

function log(line: string): void {
  console.log(line);
}

async function run({ address, maxLineBytes, backlogBytes }: Settings): Promise<void> {
  const reactor = createReactor(chatLimits(backlogBytes));
  const listener = await reactor.listen(address);
  const chat = new ChatServer(reactor, listener, { maxLineBytes, texts: ENGLISH, log });
  let ending = false;
  const end = async (): Promise<void> => {
    log(`The chat is ending: members have ${DRAIN_MS / 1000} s to take their last lines.`);
    const { cutOff } = await chat.end(DRAIN_MS);
    const lost = cutOff.filter(({ queued }) => queued > 0);
    for (const { peer, queued } of lost) log(`${peer} did not take its last ${queued} bytes.`);
  };
  for (const [signal, exitCode] of [["SIGINT", 130] as const, ["SIGTERM", 143] as const]) {
    process.on(signal, () => {
      if (ending) process.exit(exitCode);
      ending = true;
      void end();
    });
  }
  log(`The chat room is open at ${formatAddress(listener.localAddress)}`);
  log(`Enter it with:  ${howToEnter(listener.localAddress!)}`);
  log("End it with Ctrl+C");
}

function fail(why: string): void {
  console.error(`chat-room: ${why}`);
  process.exitCode = 2;
}

let settings: Settings | null | undefined;
try {
  settings = readSettings(process.argv.slice(2));
} catch (error) {
  fail(`${(error as Error).message} (--help lists the flags)`);
}
if (settings === null) process.stdout.write(HELP);
else if (settings !== undefined) {
  try {
    await run(settings);
  } catch (error) {
    fail((error as Error).message);
  }
}
