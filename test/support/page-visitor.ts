/** A page in the room, as a raw peer: it joins, speaks, and listens to server-sent events. */
import type { Line } from "../../examples/console/chat-messages.ts";
import type { HttpGuest, HttpSite } from "./http-site.ts";
import type { Answer } from "./http-talk.ts";

export interface PageEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: unknown;
}

/** Whole events; comments and what has no data are none. */
export function eventsOf(body: string): PageEvent[] {
  const blocks = body.split("\n\n").slice(0, -1);
  return blocks.flatMap((block) => {
    const lines = block.split("\n");
    const field = (name: string): string | null =>
      lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
    const data = field("data");
    if (data === null) return [];
    return [
      { event: field("event") ?? "message", id: field("id"), data: JSON.parse(data) as unknown },
    ];
  });
}

export async function post(site: HttpSite, path: string, message: unknown): Promise<Answer> {
  const guest = await site.come();
  const body = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
  guest.say(
    Buffer.concat([
      Buffer.from(`POST ${path} HTTP/1.1\r\nHost: here\r\nContent-Length: ${body.length}\r\n\r\n`),
      body,
    ]),
    "POST",
  );
  const answer = await guest.next();
  guest.peer.end();
  return answer;
}

export class PageVisitor {
  readonly site: HttpSite;
  readonly token: string;
  readonly name: string;
  /** All of its streams so far, the last one open. */
  readonly streams: HttpGuest[] = [];

  private constructor(site: HttpSite, token: string, name: string) {
    this.site = site;
    this.token = token;
    this.name = name;
  }

  static async join(site: HttpSite, name: string): Promise<PageVisitor> {
    const { status, body } = await post(site, "/api/chat/join", { name });
    if (status !== 200) throw new Error(`${status} ${body.toString()}`);
    const joined = JSON.parse(body.toString()) as { member: string; name: string };
    return new PageVisitor(site, joined.member, joined.name);
  }

  async listen(lastEventId?: string): Promise<HttpGuest> {
    const guest = await this.site.come();
    const fields = lastEventId === undefined ? [] : [`Last-Event-ID: ${lastEventId}`];
    guest.request(`/api/chat/events?member=${this.token}`, "GET", ...fields);
    await this.site.world.until(() => guest.answers.length > 0 || guest.gone, "a stream");
    this.streams.push(guest);
    return guest;
  }

  async say(text: string): Promise<number> {
    return (await post(this.site, "/api/chat/say", { member: this.token, text })).status;
  }

  async leave(): Promise<number> {
    return (await post(this.site, "/api/chat/leave", { member: this.token })).status;
  }

  /** What came by one of its streams, the last one unless told. */
  events(stream = this.streams.length - 1): readonly PageEvent[] {
    return eventsOf(this.streams[stream]!.answers[0]?.body.toString() ?? "");
  }

  texts(stream?: number): readonly string[] {
    const lines = this.events(stream).filter(({ event }) => event === "line");
    return lines.map(({ data }) => (data as Line).text);
  }
}
