/** Bodies of requests: read when they are asked for, and what becomes of those that nobody wants. */
import { expect, it } from "vitest";

import type { HttpRequest } from "../../examples/http/server/http-request.ts";
import type { HttpServer } from "../../examples/http/server/http-server.ts";
import { ECHOED_WHOLE_BYTES, echoBody } from "../../examples/http/server/echo.ts";
import { HttpSite } from "../support/http-site.ts";
import { onEveryChannel, onStillChannels } from "../support/world.ts";

const MIB = 1024 * 1024;

function post(path: string, body: string, ...fields: readonly string[]): string {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return [`POST ${path} HTTP/1.1`, "Host: here", length, ...fields, "", body].join("\r\n");
}

function chunked(path: string, chunks: readonly string[], trailers = ""): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
  return `${head}${body}0\r\n${trailers}\r\n`;
}

function mount(server: HttpServer): void {
  server
    .post("/echo", echoBody)
    .post("/json", async ({ body }, response) => response.json(await body.json()))
    .post("/text", async ({ body }, response) => {
      const text = await body.text();
      response.send(`${text} ${body.trailers?.get("x-sum") ?? ""}`);
    })
    .post("/small", async ({ body }, response) => {
      response.send(await body.bytes({ maxBytes: 10 }));
    })
    .post("/any-size", async ({ body }, response) => {
      body.allow(null);
      await body.discard();
      response.send("all read");
    })
    .post("/unread", (_, response) => response.send("not read"))
    .post("/first", (_, response) => response.status(403).send("no".repeat(200_000)))
    .post("/partly", async ({ body }, response) => {
      await body[Symbol.asyncIterator]().next();
      response.send("in part");
    })
    .post("/early", async ({ body }, response) => {
      const pieces = body[Symbol.asyncIterator]();
      await pieces.next();
      response.send("early");
      let bytes = 0;
      for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
        bytes += piece.value.length;
      }
      rest.push(bytes);
    });
}

const rest: number[] = [];

onEveryChannel("a body", (world) => {
  const open = (limits = {}): Promise<HttpSite> => HttpSite.open(world(), mount, { limits });

  it("is read as bytes, text, JSON, or piece by piece; with its trailers", async () => {
    const guest = await (await open()).come();
    guest.say(post("/json", '{"a":[1,2]}'));
    expect(JSON.parse((await guest.next()).body.toString())).toEqual({ a: [1, 2] });
    guest.say(chunked("/text", ["some", " text"], "X-Sum: 9\r\n"));
    expect((await guest.next()).body.toString()).toBe("some text 9");
    guest.say(post("/echo", "x".repeat(100_000)));
    expect((await guest.next()).body.toString()).toBe("x".repeat(100_000));
    guest.say(chunked("/echo", ["abc".repeat(10_000), "d"]));
    expect((await guest.next()).body.toString()).toBe(`${"abc".repeat(10_000)}d`);
    guest.say(post("/text", ""));
    expect((await guest.next()).body.toString()).toBe(" ");
    guest.say(post("/json", "{"));
    expect((await guest.next()).status).toBe(400);
    guest.say(post("/json", "1"));
    expect((await guest.next()).status).toBe(200);
  });

  it("that is refused is answered for by an echo, however it is cut (RFC 9112 section 7.1)", async () => {
    const bad = chunked("/echo", ["hello", "x"]).replace("1\r\nx", "1g\r\nx");
    for (const size of [1, 7, bad.length]) {
      const site = await open();
      const guest = await site.come();
      for (let at = 0; at < bad.length; at += size) {
        guest.say(bad.slice(at, at + size));
        await world().passes(1);
      }
      await guest.ended();
      expect(guest.statuses).toEqual([400]);
      expect(guest.answers[0]!.fields.get("connection")).toBe("close");
      expect(guest.answers[0]!.isWhole).toBe(true);
      expect(site.heard).toEqual([]);
    }
  });

  it("that is refused behind the head of an echo breaks the connection", async () => {
    const site = await open();
    const guest = await site.come();
    guest.say(
      chunked("/echo", ["x".repeat(ECHOED_WHOLE_BYTES + 1), "yy"]).replace("2\r\nyy", "2g"),
    );
    await guest.ended();
    for (const { status, isWhole } of guest.answers)
      expect([status, isWhole]).toEqual([200, false]);
  });

  it("over maxBodyBytes, or what the handler allows, is 413 and closed", async () => {
    const site = await open({ maxBodyBytes: 100 });
    for (const [path, body] of [
      ["/text", "x".repeat(101)],
      ["/small", "x".repeat(11)],
    ] as const) {
      const guest = await site.come();
      guest.say(post(path, body));
      await guest.ended();
      expect(guest.statuses).toEqual([413]);
      const other = await site.come();
      other.say(chunked(path, [body]));
      await other.ended();
      expect(other.statuses).toEqual([413]);
    }
    const guest = await site.come();
    guest.say(post("/text", "x".repeat(100)) + post("/small", "x".repeat(10)));
    guest.say(post("/any-size", "x".repeat(100_000)));
    for (const status of [200, 200, 200]) expect((await guest.next()).status).toBe(status);
    expect(site.heard).toEqual([]);
  });

  it("100 Continue is sent when it is first asked for, and not to who sends already", async () => {
    const guest = await (await open()).come();
    const head = post("/text", "hello", "Expect: 100-continue").slice(0, -5);
    guest.say(head);
    expect((await guest.next()).status).toBe(100);
    guest.say("hello");
    expect((await guest.next()).body.toString()).toBe("hello ");
    guest.say(`${head}hello`);
    expect((await guest.next()).status).toBe(200);
  });

  it("an answer in place of the 100 ends the connection: nobody knows what comes", async () => {
    const guest = await (await open()).come();
    guest.say(post("/unread", "hello", "Expect: 100-continue").slice(0, -5));
    await guest.ended();
    expect(guest.statuses).toEqual([200]);
    expect(guest.answers[0]!.fields.get("connection")).toBe("close");
  });

  it("discardBytes: what nobody wants is read up to that, and the connection goes on", async () => {
    const site = await open({ discardBytes: 50_000 });
    const guest = await site.come();
    guest.say(post("/unread", "x".repeat(50_000)) + post("/text", "next"));
    expect((await guest.next()).body.toString()).toBe("not read");
    expect((await guest.next()).body.toString()).toBe("next ");
    guest.say(post("/unread", "x".repeat(50_001)) + post("/text", "next"));
    await guest.ended();
    expect(guest.statuses).toEqual([200, 200, 200]);
    expect(guest.answers[2]!.fields.get("connection")).toBe("close");
  });

  it("discardBytes: of a body that was read in part, too; then the connection ends", async () => {
    const guest = await (await open({ discardBytes: 50_000 })).come();
    guest.say(post("/partly", "x".repeat(1_000_000)) + post("/text", "next"));
    await guest.ended();
    expect(guest.statuses).toEqual([200]);
  });

  it("may be read on behind the answer", async () => {
    rest.length = 0;
    const guest = await (await open()).come();
    guest.say(post("/early", "x".repeat(200_000)));
    guest.say(post("/text", "next"));
    expect((await guest.next()).body.toString()).toBe("early");
    expect((await guest.next()).body.toString()).toBe("next ");
    expect(rest).toHaveLength(1);
  });

  it("who ends in the middle is answered 400, and no handler takes it for whole", async () => {
    const site = await open();
    const guest = await site.come();
    guest.peer.end(post("/text", "hello").slice(0, -2));
    await guest.ended();
    expect(guest.statuses).toEqual([400]);
    expect(site.heard).toEqual([]);
  });

  it("lingering: who sends 10 MiB that nobody wants reads the whole answer", async () => {
    const site = await open();
    const guest = await site.come();
    const head = `POST /first HTTP/1.1\r\nHost: here\r\nContent-Length: ${10 * MIB}\r\n\r\n`;
    guest.say(head);
    for (let sent = 0; sent < 10; sent++) {
      guest.say(Buffer.alloc(MIB, sent));
      await world().passes(3);
    }
    guest.peer.end();
    await guest.ended();
    await world().until(() => site.server.stats().connections === 0, "the end");
    expect(guest.peer.errorCode).toBeNull();
    expect(guest.answers[0]).toMatchObject({ status: 403, isWhole: true });
    expect(guest.answers[0]!.body).toHaveLength(400_000);
  });

  it("who resets in the middle: what is awaited rejects, and nothing is reported", async () => {
    let request!: HttpRequest;
    const failed: unknown[] = [];
    const site = await HttpSite.open(world(), (server) =>
      server.post("/", async (asked) => {
        request = asked;
        await asked.body.bytes().catch((error: unknown) => {
          failed.push(error);
          throw error;
        });
      }),
    );
    const guest = await site.come();
    guest.say(post("/", "hello").slice(0, -2));
    await world().until(() => site.server.stats().running === 1, "the request");
    guest.peer.reset();
    await world().until(() => failed.length === 1, "the handler to hear of it");
    expect(request.signal.aborted).toBe(true);
    await world().settle();
    expect(site.heard.filter((error) => error === failed[0])).toEqual([]);
  });
});

onStillChannels("a body that nobody asks for", (world) => {
  it("is not read: the peer is stopped by its own window", async () => {
    let request!: HttpRequest;
    const site = await HttpSite.open(world(), (server) =>
      server.post("/", (asked, response) => {
        request = asked;
        asked.body.allow(null);
        void go.then(async () => {
          await asked.body.discard();
          response.send("read");
        });
      }),
    );
    let ask!: () => void;
    const go = new Promise<void>((resolve) => (ask = resolve));
    const guest = await site.come();
    guest.say(`POST / HTTP/1.1\r\nHost: here\r\nContent-Length: ${8 * MIB}\r\n\r\n`);
    guest.say(Buffer.alloc(8 * MIB));
    await world().until(() => site.server.stats().running === 1, "the request");
    await world().settle();
    // What the channel reads ahead, and a piece that waits in the protocol.
    expect(site.reactor.stats().bufferedBytes).toBeLessThan(512 * 1024);
    expect(site.reactor.stats().bytesIn).toBeLessThan(MIB);
    ask();
    expect((await guest.next()).body.toString()).toBe("read");
    expect(request.body.length).toBe(8 * MIB);
  });

  it("an answer that the peer does not read stops the body of an echo: at most maxOutputBytes", async () => {
    const limits = { maxOutputBytes: 256 * 1024 };
    const site = await HttpSite.open(world(), mount, { limits });
    const guest = await site.come();
    guest.peer.pause();
    guest.say(`POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: ${16 * MIB}\r\n\r\n`);
    guest.say(Buffer.alloc(16 * MIB, 1));
    let most = 0;
    for (let pass = 0; pass < 200; pass++) {
      await world().passes(1);
      most = Math.max(most, site.reactor.stats().bufferedBytes);
    }
    expect(most).toBeLessThan(limits.maxOutputBytes + 512 * 1024);
    expect(site.records).toEqual([]);
    guest.peer.resume();
    await world().until(() => site.records.length === 1, "all of it");
    expect((await guest.next()).body).toHaveLength(16 * MIB);
  });
});
