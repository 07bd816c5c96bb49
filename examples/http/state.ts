/**
 * The states of a connection: of what the client asks, and of what we answer. Each goes on by its
 * own table; when both are done the next request begins, or the connection is over.
 *
 * What is not in a table does not happen: of the client it is not read, and of us it is misuse.
 */

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What the client asks. */
export const REQUEST_STATES = {
  idle: {
    "head without body": "done",
    "head with body": "body",
    refusal: "refused",
    close: "over",
  },
  body: { "end of body": "done", refusal: "refused" },
  done: { "next request": "idle", switch: "switched", close: "over" },
  refused: { close: "over" },
  switched: {},
  over: {},
} as const satisfies Table;

/** What we answer. */
export const ANSWER_STATES = {
  idle: { request: "due" },
  due: { "interim answer": "due", head: "body", "whole answer": "done", switch: "switched" },
  body: { data: "body", end: "done" },
  done: { "next request": "idle", close: "over" },
  switched: {},
  over: {},
} as const satisfies Table;

export type RequestState = keyof typeof REQUEST_STATES;
export type AnswerState = keyof typeof ANSWER_STATES;

/** The events that any of the rows has. */
type EventOf<States> = { [State in keyof States]: keyof States[State] }[keyof States];
export type RequestEvent = EventOf<typeof REQUEST_STATES>;
export type AnswerEvent = EventOf<typeof ANSWER_STATES>;

/** Where `event` leads. Throws if it cannot be: a defect of this protocol. */
export function nextRequestState(state: RequestState, event: RequestEvent): RequestState {
  const next = (REQUEST_STATES[state] as Partial<Record<RequestEvent, RequestState>>)[event];
  if (next === undefined) throw new TypeError(`no ${event} can be while the request is ${state}`);
  return next;
}

/** Where `event` leads. Throws if it cannot be: misuse. */
export function nextAnswerState(state: AnswerState, event: AnswerEvent): AnswerState {
  const next = (ANSWER_STATES[state] as Partial<Record<AnswerEvent, AnswerState>>)[event];
  if (next === undefined) {
    throw new TypeError(`no ${event} can be sent while the answer is ${state}: ${ADVICE[state]}`);
  }
  return next;
}

const ADVICE: Readonly<Record<AnswerState, string>> = {
  idle: "wait for a request",
  due: "send its head first",
  body: "its head was sent, so go on with data and end",
  done: "it was sent, so wait for the next request",
  switched: "the connection speaks another protocol now",
  over: "the connection is to be closed",
};
