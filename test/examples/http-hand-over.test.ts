/** What becomes of an upgrade whose 101 does not leave at once. */
import { expect, test } from "vitest";

import { HandOver, type HandOverSettings } from "../../examples/http/server/hand-over.ts";
import { RequestGone } from "../../examples/http/server/request-gone.ts";

const channel = { queued: 10 };
const bytes = Buffer.from("more");

/** A connection with so much output, and what was unregistered of it. */
function waiting(backlog: number): { given: HandOver; state: { backlog: number }; gone: object[] } {
  const gone: object[] = [];
  const state = { channel, backlog };
  const reactor = { unregister: (one: object) => gone.push(one) };
  const settings = { connection: state, outbox: { empty: true }, reactor, bytes };
  return { given: new HandOver(settings as unknown as HandOverSettings), state, gone };
}

test("the channel is given away once all output is its own", async () => {
  const { given, state, gone } = waiting(11);
  given.proceed();
  expect(gone).toEqual([]);
  state.backlog = 10;
  given.proceed();
  given.proceed();
  expect(gone).toEqual([channel]);
  expect(await given.upgraded).toEqual({ channel, bytes });
});

test("a peer that is lost before is heard of", async () => {
  const { given, gone } = waiting(11);
  const why = new RequestGone("the peer is gone");
  given.fail(why);
  await expect(given.upgraded).rejects.toBe(why);
  expect(gone).toEqual([]);
});
