/**
 * What is not tried in simulated worlds, and why: tests by their group and the beginning of their
 * name; without a name, the whole group. They run on the other networks.
 */

type Test = readonly [group: string, name?: string];

/** It tells which bytes come together, and here any may come apart. */
const OF_PIECES: readonly Test[] = [
  [
    "bytes: reading",
    "15: read answers bytes, null for nothing now, and an empty Buffer once at the end",
  ],
  ["bytes: reading", "15: peek shows the next bytes without taking them"],
  ["bytes: reading", "15: readiness is a hint: a handler that finds nothing is answered null"],
  ["closing", "22: close twice, and close after the peer's end, end once"],
  ["closing", "H18: shutdown flushes, ends our side once, and leaves reading open"],
  ["debug mode: an edge left undrained", "bytes unread: reported once for the registration"],
  ["dispatch", "7: READABLE repeats while bytes or the end of stream are unread"],
  ["ends: resets", "20: a reset after the bytes were read is a loss"],
  [
    "ends: orderly",
    "20, F2b: an orderly end with output in flight is confirmed, and the output arrives",
  ],
  [
    "ends: orderly",
    "21, H9: after the end of stream nothing reports READABLE again, and nothing spins",
  ],
  ["ends: orderly", "H9: both sides done: HANGUP once, and the registration is gone"],
  ["ends: orderly", "H9: PEER_CLOSED is told to who asks for it, with what is unread"],
  ["poll", "3, 7: poll answers ERROR or HANGUP once, and the registration is gone"],
  ["send()", "broadcast() takes these connections too"],
  [
    "H16, H17: the peer's last words",
    "H16, F8: a write into a peer that has just closed: its last words, then the loss",
  ],
  [
    "H16, H17: the peer's last words",
    "H16: bytes, then the loss: all bytes, then ERROR, then closed, each once",
  ],
  [
    "pause() and resume()",
    "24: pause() in a frame callback holds the next frame of the same bytes",
  ],
  ["H18: every call in every state", "open, bytes unread"],
];

/** It counts turns, or what is done in one of them, and here handlers are slow. */
const OF_TURNS: readonly Test[] = [
  ["handlers", "12: read, write, accept and modify are progress, and start the count again"],
  ["turns", "10: the start of the rotation moves: each of 5 is first some time"],
  ["turns", "10: the start of the rotation moves: each of 8 is first some time"],
  ["turns", "10 / H11: an accept flood and busy channels both get on in each turn"],
  ["turns", "10 / H10: one that always has more does not hold up another's echo"],
  ["turns", "10: with turnBytes 1000 a turn starts before the immediate phase"],
  ["turns", "10: a turn is a snapshot: it ends at turnDispatches, and what is left goes first"],
  ["frames", "23: framesPerTurn: while the others have their turn nothing more is read"],
];

/** It takes the system's buffers to be of a size, or fills them, and here they may hold a byte. */
const OF_BUFFERS: readonly Test[] = [
  ["input marks"],
  ["H22"],
  ["H44"],
  ["H21: water marks"],
  ["pause-source"],
  ["H15: half-close"],
  ["a backlog"],
  ["broadcast"],
  ["ends: resets", "20, H16, F1: 100,000 bytes, the last with the reset: being read"],
  ["ends: resets", "20, H16, F1: 100,000 bytes, the last with the reset: paused"],
  ["ends: resets", "20, H16, F1: 100,000 bytes, the last with the reset: with room for all of it"],
  [
    "ends: resets",
    "20, H16, F1: 100,000 bytes, the last with the reset: with room for all of it, paused",
  ],
  [
    "ends: resets",
    "20, F2b: 30000 bytes and a reset with output in flight: the loss, whatever was told before",
  ],
  ["release", "in the middle of a flood, again and again: every byte is there, in order"],
  ["reads of other shapes", "readExactly() takes more than is ever read at once"],
  ["send()", "a frame over maxOutputBytes goes out in pieces, and no more than that ever waits"],
  ["the loop's budget", "24: frames that wait count, and the largest offenders are shed first"],
  ["the loop's budget", "24: input that is no frame yet counts, and its connection can be shed"],
  [
    "pause() and resume()",
    "24: a paused connection hands on nothing, and its peer is stopped by its own window",
  ],
  [
    "frame callbacks that answer promises",
    "9: while a promise is pending the peer is stopped by its own window",
  ],
];

/** Its limits of time are shorter than what the network may take here. */
const OF_TIME: readonly Test[] = [
  ["the last output without writeProgressMs"],
  ["H34: idle is the peer"],
  ["H34: idle is not the peer"],
  ["the soft limit"],
  ["rates of a connection"],
  ["rates of a server"],
  ["the gate: farewells"],
  ["H40: refusals"],
  ["times: lifetimeMs"],
  ["times: timers"],
  ["H35: close()"],
  ["close", "waits answerMs at most for the end of peers to whom all output has left"],
  ["closing", "22, H15: what the peer still sends is drained: it never sees a reset"],
  ["closing", "22: bytes that come after close are drained, however many, and not held"],
  ["closing", "23: lingerMs counts from the last progress: a slow reader gets everything"],
  ["connect", "timeoutMs: passed once the connection stands: nothing happens"],
  [
    "diagnostics",
    "a subscriber that throws stops nothing: Node tells uncaughtException, in a tick",
  ],
  ["dispatch", "7: ERROR waits at most unreadMs for bytes that nobody reads"],
  ["read()", "24: a peer that floods is held back: one frame a second, and memory stays bounded"],
  ["each()", "a signal closes the server: who is at work may finish, then each() returns"],
  [
    "the gate: acceptsPerSecond",
    "23: a second's worth at once, then as time goes by; others cost no token",
  ],
  ["the loop's budget", "24: everything is given back after writeProgressMs"],
];

const REASONS: readonly (readonly [why: string, tests: readonly Test[]])[] = [
  ["It tells which bytes come together, and here any may come apart.", OF_PIECES],
  ["It counts turns, or what is done in one of them, and here handlers are slow.", OF_TURNS],
  [
    "It takes the system's buffers to be of a size, or fills them, and here they may hold a byte.",
    OF_BUFFERS,
  ],
  ["Its limits of time are shorter than what the network may take here.", OF_TIME],
];

/** All of them. */
export const NOT_SIMULATED = REASONS.flatMap(([, tests]) => tests);

/** Why a group as a whole, or a test of it, is not tried in simulated worlds; null: it is. */
export function whyNotSimulated(group: string, name?: string): string | null {
  const matches = ([ofGroup, prefix]: Test): boolean =>
    ofGroup === group && (prefix === undefined || name?.startsWith(prefix) === true);
  return REASONS.find(([, tests]) => tests.some(matches))?.[0] ?? null;
}
