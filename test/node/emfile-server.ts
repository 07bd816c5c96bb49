/** An echo server that `emfile.test.ts` starts under a low limit, and asks how it is doing. */
import { closeSync, openSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { createReactor, READABLE } from "iomux";

const reports: { code: string; message: string; fd: number }[] = [];
const reactor = createReactor({
  reserveDescriptors: Number(process.argv[2]),
  reportEveryMs: 100,
  // What is reported must not hang on how busy the machine is.
  slowHandlerMs: Infinity,
  onError(error, registration) {
    const { code = "" } = error as NodeJS.ErrnoException;
    reports.push({ code, message: error.message, fd: registration?.fd ?? 0 });
  },
});

const listener = await reactor.listen({ port: 0 });
reactor.register(listener, READABLE, () => {
  for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
    reactor.register(peer, READABLE, (channel) => {
      const bytes = channel.read();
      if (bytes?.length === 0) channel.close();
      else if (bytes !== null) channel.write(bytes);
    });
  }
});

/** Opens files until no more can be opened, and closes them again: how many those were. */
function filesLeft(): number {
  const opened: number[] = [];
  try {
    while (opened.length < 1000) opened.push(openSync("/dev/null", "r"));
  } catch {
    // That was the limit.
  }
  for (const fd of opened) closeSync(fd);
  return opened.length;
}

/** The part of the time that the loop is busy with nothing to do. */
async function busyPart(): Promise<number> {
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return performance.eventLoopUtilization(before).utilization;
}

async function answer(question: unknown): Promise<unknown> {
  if (question === "busy part") return { busyPart: await busyPart() };
  const { turns, accepted, refused, open } = reactor.stats();
  return { turns, accepted, refused, open, filesLeft: filesLeft(), reports };
}

process.on("message", (question) => {
  void answer(question).then((value) => process.send!(value));
});
process.on("disconnect", () => process.exit());
process.send!((listener.localAddress as { port: number }).port);
