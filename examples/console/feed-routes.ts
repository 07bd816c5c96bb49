/** What the console tells of a reactor: the live feed, its descriptors, metrics, and its health. */
import type { Reactor } from "iomux";

import type { HttpRequest } from "../http/server/http-request.ts";
import type { HttpResponse } from "../http/server/http-response.ts";
import { rowOf } from "./descriptor-row.ts";
import { PIECE_CHARACTERS } from "./feed-events.ts";
import type { DescriptorDetails } from "./feed.ts";
import { LiveFeed, MAX_VIEWERS, type LiveFeedOptions } from "./live-feed.ts";
import { Metrics } from "./metrics.ts";
import { rounded } from "./milliseconds.ts";
import type { Routes } from "./routes.ts";
import { nameOf } from "./turn-recorder.ts";

/** The label of connections that are watching. */
const CONSOLE_LABEL = "console";
/** Milliseconds after which a page whose stream has ended asks again. */
const RETRY_MS = 1000;
/**
 * Bytes that may wait for a viewer. Never reached: it is told no more once it has to wait, at 64 KiB
 * (`HttpServer`), and an event is smaller than the rest.
 */
const MAX_WAITING_BYTES = 256 * 1024;

export interface FeedRoutesOptions extends LiveFeedOptions {
  /** The name of who has logged in; null: nobody. */
  readonly accountOf: (request: HttpRequest) => string | null;
}

/**
 * Adds `/api/feed`, `/api/descriptors`, `/api/descriptors/:fd`, `/metrics` and `/healthz`. The
 * answer is closed before the HTTP server is: that ends the streams.
 */
export function mountFeed(routes: Pick<Routes, "get">, options: FeedRoutesOptions): LiveFeed {
  const { reactor, accountOf } = options;
  const feed = new LiveFeed(options);
  const metrics = new Metrics(reactor);
  routes.get("/api/feed", (request, response) => {
    watch(feed, reactor, accountOf(request), request, response);
  });
  routes.get("/api/descriptors", (_, response) => tellAll(reactor, response));
  routes.get("/api/descriptors/:fd", ({ params }, response) => {
    tellOne(reactor, params.fd, response);
  });
  routes.get("/metrics", async (_, response) => {
    const text = await metrics.text();
    response.field("Content-Type", metrics.contentType).field("Cache-Control", "no-store");
    response.send(text);
  });
  routes.get("/healthz", (_, response) => {
    tellHealth(reactor, feed, options.program, response);
  });
  return feed;
}

function watch(
  feed: LiveFeed,
  reactor: Reactor,
  account: string | null,
  request: HttpRequest,
  response: HttpResponse,
): void {
  if (feed.closed || feed.viewers >= MAX_VIEWERS) {
    const why = feed.closed ? "The program is ending" : `${MAX_VIEWERS} pages watch already`;
    response.field("Retry-After", "5").refuse(503, why);
    return;
  }
  const connection = reactor.descriptors.get(request.fd);
  if (connection !== undefined) connection.label = CONSOLE_LABEL;
  const stream = response.events({ slowReader: "skip", maxWaitingBytes: MAX_WAITING_BYTES });
  stream.retry(RETRY_MS);
  feed.attach(stream, account);
}

/** Row by row, each as it is when it is written: there may be very many. */
async function tellAll(reactor: Reactor, response: HttpResponse): Promise<void> {
  response.field("Content-Type", "application/json; charset=utf-8");
  response.field("Cache-Control", "no-store").start();
  const fds = response.wantsBody ? [...reactor.descriptors.keys()].sort((a, b) => a - b) : [];
  let piece = `{"nowMs":${rounded(reactor.now())},"descriptors":[`;
  let comma = "";
  for (const fd of fds) {
    const descriptor = reactor.descriptors.get(fd);
    if (descriptor === undefined) continue;
    piece += comma + JSON.stringify(rowOf(reactor, descriptor));
    comma = ",";
    if (piece.length < PIECE_CHARACTERS) continue;
    await response.write(piece);
    piece = "";
  }
  void response.write(`${piece}]}`);
  response.end();
}

function tellOne(reactor: Reactor, given: string, response: HttpResponse): void {
  const fd = /^[1-9]\d{0,15}$/.test(given) ? Number(given) : NaN;
  const descriptor = reactor.descriptors.get(fd);
  if (descriptor === undefined) {
    response.refuse(404, "No descriptor of this number is open");
    return;
  }
  const registration = reactor.registrations.get(fd);
  const details: DescriptorDetails = {
    ...rowOf(reactor, descriptor),
    nowMs: rounded(reactor.now()),
    explanation: reactor.explain(fd).text,
    handler: registration === undefined ? null : nameOf(registration.handler),
  };
  response.field("Cache-Control", "no-store").json(details);
}

/** For whoever asks whether it is to get requests: not when it is about to end. */
function tellHealth(
  reactor: Reactor,
  feed: LiveFeed,
  program: string,
  response: HttpResponse,
): void {
  const isEnding = reactor.closing || feed.closed;
  const status = isEnding ? "closing" : "ok";
  const { open, turns } = reactor.stats();
  response.status(isEnding ? 503 : 200).field("Cache-Control", "no-store");
  response.json({ status, program, uptimeMs: Math.round(process.uptime() * 1000), open, turns });
}
