/** The HTTP server's times and counts: every limit of `docs/http-server.md` that is its own. */
import type { Reactor } from "iomux";
import { describe, expect, it } from "vitest";

import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "../../examples/http/server/limits.ts";
import type { HttpRequest } from "../../examples/http/server/http-request.ts";
import type { HttpServer } from "../../examples/http/server/http-server.ts";
import { HttpSite } from "../support/http-site.ts";
import { onNetworks, onStillNetworks } from "../support/world.ts";

const requests: HttpRequest[] = [];

function mount(server: HttpServer): void {
  server
    .get("/", (_, response) => response.send("hello"))
    .get("/big", (_, response) => response.send(Buffer.alloc(8_000_000)))
    .get("/never", (request) => void requests.push(request))
    .get("/begun", (request, response) => {
      requests.push(request);
      response.start();
    })
    .post("/", async ({ body }, response) => response.send(`${(await body.bytes()).length}`))
    .post("/slow", async ({ body }, response) => {
      // Slower than the peer: that is not the peer's fault.
      for await (const piece of body) await pause(piece.length);
      response.send("done");
    });
}

let pause: (bytes: number) => Promise<void>;

onNetworks([["memory", "tcp"]], "the HTTP server's times", (world) => {
  const open = (limits: Partial<HttpLimits> = {}): Promise<HttpSite> => {
    requests.length = 0;
    pause = (ms) =>
      new Promise((resolve) => {
        world().clock.timer(ms, resolve);
      });
    return HttpSite.open(world(), mount, { limits });
  };
  const post = (bytes: number): string =>
    `POST / HTTP/1.1\r\nHost: here\r\nContent-Length: ${bytes}\r\n\r\n`;

  it("headMs: from the accept on, in silence for who has said nothing", async () => {
    const site = await open({ headMs: 1000 });
    const guest = await site.come();
    await world().advance(999);
    expect(guest.gone).toBe(false);
    await world().advance(2);
    expect([guest.gone, guest.peer.received.length]).toEqual([true, 0]);
  });

  it("headMs: who sends its head byte by byte is answered 408 then, and closed", async () => {
    const site = await open({ headMs: 1000 });
    const guest = await site.come();
    const head = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    for (let at = 0; at < 10; at++) {
      guest.say(head[at]!);
      await world().advance(99);
    }
    expect(guest.gone).toBe(false);
    await world().advance(20);
    expect([guest.gone, guest.statuses]).toEqual([true, [408]]);
    expect(guest.answers[0]!.fields.get("connection")).toBe("close");
    expect(site.records).toMatchObject([{ status: 408, requestLine: head.slice(0, 10) }]);
  });

  it("headMs: a HEAD that is too slow has no body (RFC 9110 section 9.3.2)", async () => {
    const site = await open({ headMs: 1000 });
    const guest = await site.come();
    guest.say("HEAD / HTTP/1.1\r\nHost: here\r\n", "HEAD");
    await world().advance(1010);
    await guest.ended();
    expect(guest.peer.received.toString()).toMatch(/^HTTP\/1\.1 408 [^]*\r\n\r\n$/);
    const requestLine = "HEAD / HTTP/1.1";
    expect(site.records).toMatchObject([{ status: 408, requestLine, bodyBytes: 0 }]);
  });

  it("headMs: of a later request from its first byte on", async () => {
    const site = await open({ headMs: 1000, idleMs: 10_000 });
    const guest = await site.come();
    await guest.ask("/");
    await world().advance(5000);
    guest.say("GET / HTTP/1.1\r\n");
    await world().advance(990);
    guest.say("Host: here\r\n\r\n");
    expect((await guest.next()).status).toBe(200);
    guest.say("GET / HTTP/1.1\r\n");
    await world().advance(1010);
    expect([guest.gone, guest.statuses]).toEqual([true, [200, 200, 408]]);
  });

  it("idleMs: between requests, in silence; each request begins it anew", async () => {
    const site = await open({ idleMs: 1000 });
    const guest = await site.come();
    for (let request = 0; request < 5; request++) {
      expect((await guest.ask("/")).status).toBe(200);
      await world().advance(900);
    }
    expect(guest.gone).toBe(false);
    await world().advance(200);
    expect([guest.gone, guest.statuses]).toEqual([true, [200, 200, 200, 200, 200]]);
  });

  it("bodyMs: a body of which less than bodyProgressBytes come is answered 408", async () => {
    const site = await open({ bodyMs: 1000, bodyProgressBytes: 10 });
    const guest = await site.come();
    guest.say(post(100));
    for (let part = 0; part < 60; part++) {
      guest.say("x");
      await world().advance(50);
    }
    expect(guest.gone).toBe(false);
    for (let second = 0; second < 2; second++) {
      guest.say("x");
      await world().advance(1000);
    }
    expect([guest.gone, guest.statuses]).toEqual([true, [408]]);
    expect(site.heard).toEqual([]);
  });

  it("bodyMs: it is not the peer's fault that a handler is slow", async () => {
    const site = await open({ bodyMs: 1000, bodyProgressBytes: 1000 });
    const guest = await site.come();
    const body = "x".repeat(5000);
    guest.say(`POST /slow HTTP/1.1\r\nHost: here\r\nContent-Length: 5000\r\n\r\n${body}`);
    await world().advance(5500);
    expect((await guest.next()).body.toString()).toBe("done");
  });

  it("answerMs: a handler that does not answer is answered for, 503, and told", async () => {
    const site = await open({ answerMs: 1000 });
    const guest = await site.come();
    guest.request("/never");
    await world().advance(900);
    const [request] = requests as [HttpRequest];
    expect([guest.gone, request.signal.aborted]).toEqual([false, false]);
    await world().advance(200);
    expect([guest.gone, guest.statuses]).toEqual([true, [503]]);
    expect(request.signal.aborted).toBe(true);
    expect(site.complaints).toEqual(["GET was not answered for 1000 ms"]);
  });

  it("answerMs: an answer that has begun has any time, and with 0 so has every one", async () => {
    for (const [path, limits] of [
      ["/begun", { answerMs: 1000 }],
      ["/never", { answerMs: 0 }],
    ] as const) {
      const guest = await (await open(limits)).come();
      guest.request(path);
      await world().advance(1_000_000);
      expect([guest.gone, requests[0]!.signal.aborted]).toEqual([false, false]);
    }
  });

  it("one timer for each connection, however many requests it has", async () => {
    const site = await open();
    const { timers } = site.reactor.stats();
    const guest = await site.come();
    for (let request = 0; request < 20; request++) await guest.ask("/");
    // The connection's own deadlines have the other one.
    expect(site.reactor.stats().timers - timers).toBeLessThanOrEqual(2);
  });

  it("writeProgressMs: who reads nothing is cut off", async () => {
    const site = await open({ writeProgressMs: 1000 });
    const guest = await site.come();
    guest.peer.pause();
    guest.request("/big");
    await world().advance(500);
    expect(site.server.stats().connections).toBe(1);
    await world().advance(1500);
    expect(site.server.stats().connections).toBe(0);
    expect(site.records).toMatchObject([{ status: 200 }]);
  });
});

onStillNetworks("the HTTP server's counts", (world) => {
  const open = (limits: Partial<HttpLimits> = {}): Promise<HttpSite> =>
    HttpSite.open(world(), mount, { limits });
  const many = (count: number): string => "GET / HTTP/1.1\r\nHost: here\r\n\r\n".repeat(count);

  it("maxRequests: the last one of a connection says so", async () => {
    const guest = await (await open({ maxRequests: 3 })).come();
    guest.say(many(5));
    await guest.ended();
    expect(guest.statuses).toEqual([200, 200, 200]);
    const closes = guest.answers.map(({ fields }) => fields.get("connection"));
    expect(closes).toEqual([undefined, undefined, "close"]);
  });

  it("pipelinedRequests: so many in a row, then others have their turn", async () => {
    let [inRow, most] = [0, 0];
    const limits = { pipelinedRequests: 4 };
    const counting = (server: HttpServer, reactor: Reactor): unknown =>
      server.get("/", (_, response) => {
        // Who waits for the next turn has it before the fifth.
        if (inRow === 0) reactor.defer(() => (inRow = 0));
        most = Math.max(most, ++inRow);
        response.send("hello");
      });
    const guest = await (await HttpSite.open(world(), counting, { limits })).come();
    guest.say(many(100));
    for (let answer = 0; answer < 100; answer++) await guest.next();
    expect(guest.statuses).toHaveLength(100);
    expect(most).toBe(4);
  });

  it("a connection that waits for an answer is not read beyond what is at hand", async () => {
    const site = await open();
    const guest = await site.come();
    guest.request("/never");
    await world().until(() => site.server.stats().running === 1, "the request");
    guest.say(many(200_000));
    await world().settle();
    expect(site.reactor.stats().bufferedBytes).toBeLessThan(256 * 1024);
    expect(site.server.stats().requests).toBe(1);
  });

  it("maxOutputBytes: who asks on and on, and reads nothing, is not answered any more", async () => {
    const limits = { maxOutputBytes: 64 * 1024 };
    const site = await open(limits);
    const guest = await site.come();
    guest.peer.pause();
    let most = 0;
    for (let burst = 0; burst < 300; burst++) {
      if (burst < 100) guest.say(many(2000));
      await world().passes(1);
      most = Math.max(most, site.reactor.stats().bufferedBytes);
    }
    expect(most).toBeLessThan(limits.maxOutputBytes + 256 * 1024);
    expect(site.server.stats()).toMatchObject({ connections: 1 });
    expect(site.server.stats().requests).toBeLessThan(200_000);
  });

  it("maxConnections: one more is told 503", async () => {
    const site = await open({ maxConnections: 1 });
    const guest = await site.come();
    const peer = site.dial();
    await world().until(() => peer.ended || peer.errorCode !== null, "the farewell");
    expect(peer.received.toString()).toMatch(/^HTTP\/1\.1 503 [^]*\r\nConnection: close\r\n/);
    expect(site.records).toMatchObject([{ status: 503, requestLine: null }]);
    expect((await guest.ask("/")).status).toBe(200);
  });
});

onNetworks([["memory", "tcp"]], "the HTTP server's gate", (world) => {
  it("maxConnectionsPerAddress: one more from there is told 429", async () => {
    const site = await HttpSite.open(world(), mount, { limits: { maxConnectionsPerAddress: 1 } });
    await site.come();
    const peer = site.dial();
    await world().until(() => peer.ended || peer.errorCode !== null, "the farewell");
    expect(peer.received.toString()).toMatch(/^HTTP\/1\.1 429 [^]*\r\nRetry-After: 1\r\n/);
    expect(site.records).toMatchObject([{ status: 429, requestLine: null }]);
  });

  it("lingerBytes: who sends on and on behind the last answer is cut off", async () => {
    const limits = { lingerBytes: 1_000_000, discardBytes: 0 };
    const site = await HttpSite.open(world(), mount, { limits });
    const guest = await site.come();
    guest.say("POST /none HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000000\r\n\r\n");
    await guest.ended();
    for (let sent = 0; sent < 40 && !guest.peer.closed; sent++) {
      guest.say(Buffer.alloc(100_000));
      await world().advance(20);
    }
    await world().advance(200);
    expect(guest.statuses).toEqual([404]);
    expect(site.server.stats().connections).toBe(0);
    expect(site.reactor.stats().bytesIn).toBeLessThan(3_000_000);
  });
});

describe("limits", () => {
  it("have defaults that are named with their units", () => {
    for (const name of Object.keys(DEFAULT_HTTP_LIMITS)) {
      expect(name).toMatch(/Ms$|Bytes$|^max|^pipelinedRequests$/);
    }
  });
});
