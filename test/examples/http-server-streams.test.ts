/** Answers that go on: back-pressure, server-sent events, upgrades; and how a server is closed. */
import { expect, it } from "vitest";

import { READABLE } from "iomux";

import { EncodedEvent, type EventStream } from "../../examples/http/server/event-stream.ts";
import type { HttpRequest } from "../../examples/http/server/http-request.ts";
import type { HttpResponse } from "../../examples/http/server/http-response.ts";
import { HttpSite } from "../support/http-site.ts";
import { onEveryChannel, onNetworks, onStillChannels } from "../support/world.ts";

onEveryChannel("an answer in pieces", (world) => {
  it("of 4 MB, written as fast as the peer reads, is whole", async () => {
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", async (_, response) => {
        response.start();
        const piece = Buffer.alloc(100_000);
        // The same bytes again and again: they are the handler's when the promise is fulfilled.
        for (let at = 0; at < 40; at++) await response.write(piece.fill(at));
        response.end();
      }),
    );
    const guest = await site.come();
    guest.request("/");
    await world().until(() => site.records.length === 1, "the answer to be given");
    const { body } = await guest.next();
    expect(body).toHaveLength(4_000_000);
    for (let at = 0; at < 40; at++) expect(body[at * 100_000 + 99_999]).toBe(at);
  });

  it("short pieces are the handler's again at once", async () => {
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (_, response) => {
        response.start();
        const piece = Buffer.alloc(2000);
        for (let at = 0; at < 20; at++) expect(response.write(piece.fill(at))).toBeUndefined();
        response.end();
      }),
    );
    const { body } = await (await site.come()).ask("/");
    for (let at = 0; at < 20; at++) expect(body[at * 2000]).toBe(at);
  });

  it("to a peer that goes: write() rejects with the reason of the signal, and nothing is reported", async () => {
    const failed: unknown[] = [];
    let asked!: HttpRequest;
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", async (request, response) => {
        asked = request;
        response.start();
        try {
          for (;;) await response.write(Buffer.alloc(100_000));
        } catch (error) {
          failed.push(error);
          throw error;
        }
      }),
    );
    const guest = await site.come();
    guest.request("/");
    await world().until(() => guest.peer.received.length > 0, "some of it");
    guest.peer.reset();
    await world().until(() => failed.length === 1, "the handler to hear of it");
    expect(failed[0]).toBe(asked.signal.reason);
    expect(site.heard.filter((error) => error === failed[0])).toEqual([]);
    await world().until(() => site.server.stats().connections === 0, "the end");
    expect(site.records).toMatchObject([{ isComplete: false }]);
  });

  it("an answer that comes when the peer is gone does nothing", async () => {
    let asked!: HttpRequest;
    let late!: HttpResponse;
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (request, response) => {
        [asked, late] = [request, response];
      }),
    );
    const guest = await site.come();
    guest.request("/");
    await world().until(() => site.server.stats().running === 1, "the request");
    guest.peer.reset();
    // On a Unix-domain socket a reset cannot be told from an end.
    await world().until(() => asked.signal.aborted, "it to be known");
    late.status(201).field("X", "y").send("nobody hears it");
    expect(late.ended).toBe(true);
  });

  it("an answer that had not begun when the connection was lost is logged with 499", async () => {
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (_, response) => {
        response.status(201).abort();
      }),
    );
    (await site.come()).request("/");
    await world().until(() => site.records.length === 1, "its record");
    expect(site.records).toMatchObject([{ status: 499, bodyBytes: 0, isComplete: false }]);
  });

  it("who has ended its side is answered all the same, and the signal says so", async () => {
    let asked!: [HttpRequest, HttpResponse];
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (...given) => {
        asked = given;
      }),
    );
    const guest = await site.come();
    guest.peer.end("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
    await world().until(() => site.server.stats().running === 1, "the request");
    await world().until(() => asked[0].signal.aborted, "the signal");
    asked[1].send("still here");
    await guest.ended();
    expect(guest.answers[0]!.body.toString()).toBe("still here");
    expect(guest.answers[0]!.fields.get("connection")).toBe("close");
  });
});

onStillChannels("who writes without waiting", (world) => {
  it("is cut off at maxOutputBytes", async () => {
    const site = await HttpSite.open(
      world(),
      (server) =>
        server.get("/", (_, response) => {
          response.start();
          for (let at = 0; at < 1000 && !response.ended; at++) {
            response.write(Buffer.alloc(100_000))?.catch(() => undefined);
          }
        }),
      { limits: { maxOutputBytes: 200_000 } },
    );
    const guest = await site.come();
    guest.request("/");
    await guest.ended();
    expect(guest.answers[0]?.isWhole ?? false).toBe(false);
  });
});

onEveryChannel("server-sent events", (world) => {
  async function streaming(options = {}): Promise<{ site: HttpSite; streams: EventStream[] }> {
    const streams: EventStream[] = [];
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (_, response) => void streams.push(response.events(options))),
    );
    return { site, streams };
  }

  it("as HTML says: data by lines, name, id, retry, comments; the last id comes back", async () => {
    const { site, streams } = await streaming();
    const guest = await site.come();
    guest.request("/", "GET", "Last-Event-ID: 41");
    await world().until(() => streams.length === 1, "the stream");
    const [stream] = streams as [EventStream];
    expect(stream.lastEventId).toBe("41");
    stream.retry(500);
    stream.send({ id: "42", event: "tick", data: "two\r\nlines\rthree\n" });
    stream.send("plain");
    stream.comment("seen by nobody");
    for (const wrong of ["a\nb", "a\rb", "a\0b"]) {
      expect(() => stream.send({ id: wrong, data: "" })).toThrow("one line");
      expect(() => stream.send({ event: wrong, data: "" })).toThrow("one line");
    }
    stream.close();
    expect([stream.send("late"), stream.closed]).toEqual([false, true]);
    const { fields, body } = await guest.next();
    expect(fields.get("content-type")).toBe("text/event-stream");
    expect(body.toString()).toBe(
      "retry: 500\n\nevent: tick\nid: 42\ndata: two\ndata: lines\ndata: three\ndata: \n\n" +
        "data: plain\n\n: seen by nobody\n\n",
    );
    expect((await guest.ask("/", "HEAD")).fields.get("content-type")).toBe("text/event-stream");
  });

  it("an event that was encoded once is the same for many", async () => {
    const { site, streams } = await streaming();
    const guests = [await site.come(), await site.come()];
    for (const guest of guests) guest.request("/");
    await world().until(() => streams.length === 2, "the streams");
    const event = new EncodedEvent({ event: "tick", data: "a\nb" });
    for (const stream of streams) {
      expect(stream.send(event)).toBe(true);
      stream.close();
      expect(stream.send(event)).toBe(false);
    }
    for (const guest of guests) {
      expect((await guest.next()).body.toString()).toBe("event: tick\ndata: a\ndata: b\n\n");
    }
    expect(() => new EncodedEvent({ event: "a\nb", data: "" })).toThrow("one line");
  });

  it("tell a sender to wait for a slow peer until all has left", async () => {
    const { site, streams } = await streaming({ maxWaitingBytes: 10_000_000 });
    const guest = await site.come();
    guest.request("/");
    await world().until(() => streams.length === 1, "the stream");
    const [stream] = streams as [EventStream];
    expect(stream.drained()).toBeNull();
    guest.peer.pause();
    const data = "x".repeat(100_000);
    let sent = 0;
    while (stream.drained() === null && sent < 90) {
      stream.send(data);
      sent++;
      await world().settle();
    }
    let left = false;
    void stream.drained()!.then(() => (left = true));
    await world().settle();
    expect(left).toBe(false);
    guest.peer.resume();
    await world().until(() => left, "all to leave");
    expect([stream.drained(), site.reactor.stats().bufferedBytes]).toEqual([null, 0]);
    stream.send(data);
    const gone = stream.drained() ?? Promise.resolve();
    guest.peer.reset();
    await world().run(gone);
    await world().until(() => stream.drained() === null && stream.closed, "the end");
  });

  it("end when the peer goes, whether it ends its side or resets", async () => {
    const { site, streams } = await streaming();
    for (const go of ["end", "reset"] as const) {
      const guest = await site.come();
      guest.request("/");
      const before = streams.length;
      await world().until(() => streams.length > before, "the stream");
      guest.peer[go]();
      const stream = streams.at(-1)!;
      await world().until(() => stream.closed, "its end");
      expect(stream.signal.aborted).toBe(true);
      expect(stream.send("nobody")).toBe(false);
    }
    await world().until(() => site.server.stats().connections === 0, "both to be gone");
  });

  it.each(["cut", "skip"] as const)("a slow reader: %s", async (slowReader) => {
    const { site, streams } = await streaming({ maxWaitingBytes: 10_000, slowReader });
    const guest = await site.come();
    guest.request("/");
    await world().until(() => streams.length === 1, "the stream");
    const [stream] = streams as [EventStream];
    guest.peer.pause();
    let sent = 0;
    for (let at = 0; at < 100_000 && stream.skipped === 0; at++) {
      if (stream.send("x".repeat(5000))) sent++;
      if (at % 4 === 3) await world().passes(1);
    }
    expect(stream.skipped).toBe(1);
    guest.peer.resume();
    if (slowReader === "cut") {
      await world().until(() => site.server.stats().connections === 0, "the end");
      expect(stream.closed).toBe(true);
      return;
    }
    const count = (): number => guest.answers[0]?.body.toString().split("\n\n").length ?? 0;
    await world().until(() => count() === sent + 1, "what was sent");
    expect(stream.send("goes on")).toBe(true);
    stream.close();
    expect((await guest.next()).body.toString().endsWith("data: goes on\n\n")).toBe(true);
  });
});

onNetworks([["memory", "tcp"]], "the heart beat of events", (world) => {
  it("heartBeatMs: a comment after each silence, and not while events come", async () => {
    let stream!: EventStream;
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (_, response) => {
        stream = response.events({ heartBeatMs: 1000 });
      }),
    );
    const guest = await site.come();
    guest.request("/");
    for (let half = 0; half < 6; half++) {
      await world().advance(500);
      stream.send("x");
    }
    await world().advance(2100);
    stream.close();
    const { body } = await guest.next();
    expect(body.toString()).toBe(`${"data: x\n\n".repeat(6)}${": \n\n".repeat(2)}`);
  });
});

onEveryChannel("an upgrade", (world) => {
  const ask =
    "GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: shout, other\r\n\r\n";

  async function shouting(): Promise<HttpSite> {
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", async (_, response) => {
        const { channel, bytes } = await response.upgrade("shout");
        const shout = (some: Buffer): void => {
          channel.write(Buffer.from(some.toString().toUpperCase()));
        };
        if (bytes.length > 0) shout(bytes);
        site.reactor.register(channel, READABLE, () => {
          const some = channel.read();
          if (some?.length === 0) channel.close();
          else if (some !== null) shout(some);
        });
      }),
    );
    return site;
  }

  it("hands over the channel, with what came behind the head", async () => {
    const site = await shouting();
    const guest = await site.come();
    guest.say(`${ask}first `);
    const end = (): string => guest.peer.received.toString().split("\r\n\r\n")[1] ?? "";
    await world().until(() => end() === "FIRST ", "the first word");
    guest.say("then");
    await world().until(() => end() === "FIRST THEN", "the other word");
    expect(guest.peer.received.toString()).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nUpgrade: shout\r\n/,
    );
    expect(site.records).toMatchObject([{ status: 101 }]);
    guest.peer.end();
    await world().until(() => site.server.stats().connections === 0, "the end");
  });

  it("is ended when the server closes", async () => {
    const site = await shouting();
    const guest = await site.come();
    guest.say(`${ask}a`);
    await world().until(() => guest.peer.received.toString().endsWith("\r\n\r\nA"), "the word");
    const closing = site.server.close();
    await guest.ended();
    guest.peer.end();
    expect(await world().run(closing)).toEqual({ cutOff: [] });
  });

  it("throws if it was not asked for", async () => {
    const site = await shouting();
    expect((await (await site.come()).ask("/")).status).toBe(500);
    expect(site.complaints).toEqual(["the request does not ask for an upgrade to shout"]);
  });
});

onEveryChannel("server.close()", (world) => {
  it("ends idle connections at once; running requests are answered, with Connection: close", async () => {
    const waiting: HttpResponse[] = [];
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (_, response) => void waiting.push(response)),
    );
    const [idle, busy] = [await site.come(), await site.come()];
    busy.request("/");
    busy.request("/");
    await world().until(() => waiting.length === 1, "the request");
    const closing = site.server.close({ drainMs: 10_000 + world().slackMs });
    await idle.ended();
    idle.peer.end();
    expect(busy.gone).toBe(false);
    waiting[0]!.send("at last");
    await busy.ended();
    busy.peer.end();
    expect(busy.answers.map(({ body }) => body.toString())).toEqual(["at last"]);
    expect(busy.answers[0]!.fields.get("connection")).toBe("close");
    expect(await world().run(closing)).toEqual({ cutOff: [] });
    expect(site.server.stats()).toMatchObject({ connections: 0, requests: 1 });
  });

  it("at drainMs what still runs is cut off", async () => {
    let asked!: HttpRequest;
    const site = await HttpSite.open(world(), (server) =>
      server.get("/", (request) => {
        asked = request;
      }),
    );
    const guest = await site.come();
    guest.request("/");
    await world().until(() => site.server.stats().running === 1, "the request");
    const { signal } = asked;
    const drainMs = 1000 + world().slackMs;
    const closing = site.server.close({ drainMs });
    await world().settle();
    expect(signal.aborted).toBe(false);
    await world().advance(drainMs);
    await world().run(closing);
    expect(signal.aborted).toBe(true);
    expect(guest.answers).toEqual([]);
  });
});
