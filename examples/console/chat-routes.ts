/** The chat in the page: what `chat-messages.ts` says, over HTTP. */
import type { Reactor } from "iomux";

import type { ChatServer } from "../chat/server.ts";
import { HttpError } from "../http/server/http-error.ts";
import type { Joined } from "./chat-messages.ts";
import { MAX_KEPT_BYTES } from "./kept-lines.ts";
import type { PageMember } from "./page-member.ts";
import { PageMembers } from "./page-members.ts";
import type { Routes } from "./routes.ts";

/** Bytes of a message besides the text in it. */
const FRAME_BYTES = 1024;
/** Bytes that JSON may make of one: `\u0000`. */
const ESCAPE_BYTES = 6;
/** Seconds after which it may be tried again. */
const RETRY_AFTER = "1";

export interface ChatRoutesOptions {
  readonly chat: ChatServer;
  readonly reactor: Reactor;
  /** Milliseconds since 1970. */
  readonly wallMs?: () => number;
}

/** `close()` ends all streams. The room is its owner's to end, before. */
export function mountChat(routes: Routes, options: ChatRoutesOptions): { close(): void } {
  const { chat, reactor, wallMs = Date.now } = options;
  const members = new PageMembers({ chat, reactor, wallMs });
  const { maxLineBytes } = chat;
  const maxBytes = ESCAPE_BYTES * maxLineBytes + FRAME_BYTES;
  // All that is kept for a member, and as much again while that leaves.
  const maxWaitingBytes = 2 * (MAX_KEPT_BYTES + maxBytes);

  routes.post("/api/chat/join", async (request, response) => {
    const [name] = textsOf(await request.body.json({ maxBytes: FRAME_BYTES }), "name");
    const joining = members.join(name!, request.remoteAddress);
    response.field("Cache-Control", "no-store");
    if (joining.token === null) {
      if (joining.soon) response.field("Retry-After", RETRY_AFTER);
      response.refuse(joining.soon ? 429 : 409, joining.why);
      return;
    }
    const joined: Joined = { member: joining.token, name: joining.name };
    response.json(joined);
  });

  routes.get("/api/chat/events", (request, response) => {
    const member = memberOf(members, request.query.get("member"));
    if (request.method === "HEAD") response.field("Content-Type", "text/event-stream").send();
    else member.attach(response.events({ maxWaitingBytes }));
  });

  routes.post("/api/chat/say", async (request, response) => {
    const [token, text] = textsOf(await request.body.json({ maxBytes }), "member", "text");
    const member = memberOf(members, token!);
    if (/[\r\n]/.test(text!)) throw new HttpError(400, "this is more than one line");
    if (member.say(text!) === "heard") response.status(204).send();
    else response.field("Retry-After", RETRY_AFTER).refuse(429, "too many lines wait");
  });

  routes.post("/api/chat/leave", async (request, response) => {
    const [token] = textsOf(await request.body.json({ maxBytes: FRAME_BYTES }), "member");
    memberOf(members, token!).leave();
    response.status(204).send();
  });

  return members;
}

function memberOf(members: PageMembers, token: string | null): PageMember {
  const member = token === null ? null : members.find(token);
  if (member === null) throw new HttpError(404, "nobody is here with this token");
  return member;
}

/** The texts of a message with these names. */
function textsOf(message: unknown, ...names: readonly string[]): readonly string[] {
  const texts = names.map((name) => (message as Readonly<Record<string, unknown>> | null)?.[name]);
  if (texts.every((text) => typeof text === "string")) return texts;
  throw new HttpError(400, `the message is an object with the text ${names.join(" and ")}`);
}
