/** The part of the client that touches the reactor, with a screen that does what a test tells it. */
import { afterAll, expect, test } from "vitest";

import { ChatConnection } from "../../examples/chat/client-connection.ts";
import { BACKOFF } from "../../examples/program/backoff.ts";
import { Session } from "../../examples/chat/client-session.ts";
import { CLIENT_TEXTS } from "../../examples/chat/client-texts.ts";
import { ChatServer, cleanUpClients } from "./chat-client-process.ts";

afterAll(cleanUpClients);

test("while the screen takes no more nothing is read, and what is typed still leaves", async () => {
  const server = await ChatServer.open();
  const { port } = server.listener.localAddress as { port: number };
  const texts = CLIENT_TEXTS.en;
  const session = new Session({
    ...{ name: "ann", interactive: false, retry: false, backoff: BACKOFF, texts },
    ...{ maxQueuedBytes: 1000, where: "here", random: Math.random },
  });
  const shown: string[] = [];
  let stopped = (): void => {};
  const hasStopped = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const connection = new ChatConnection(session, {
    ...{ address: { port }, connectMs: 10_000, endMs: 10_000, lineBytes: 1000 },
    show: (lines) => {
      shown.push(...lines);
      if (!shown.includes("stop")) return true;
      stopped();
      return false;
    },
    note: (line) => shown.push(`note: ${line}`),
    stands: () => {},
    room: () => {},
  });
  const peer = await server.member("ann");
  peer.say("stop");
  await hasStopped;
  peer.say("more");
  // Each goes round the client's loop, which has found "more" by then if it looks for it.
  for (let round = 0; round < 10; round++) {
    session.type(`round ${round}`);
    connection.changed();
    await peer.until(`round ${round}`);
  }
  expect(shown).toEqual(["Name?", "Hello ann.", "stop"]);
  shown.length = 0;
  connection.resume();
  session.endInput();
  connection.changed();
  expect(await connection.over).toEqual({ kind: "over", exitCode: 0, note: null });
  expect(shown).toEqual(["more"]);
});
