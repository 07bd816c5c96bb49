/** What the console tells of a reactor. */
import type { Reactor } from "iomux";

import type { HttpRequest } from "../http/server/http-request.ts";
import type { Routes } from "./routes.ts";

export interface FeedRoutesOptions {
  readonly reactor: Reactor;
  readonly program: string;
  readonly features: { readonly chat: boolean; readonly files: boolean };
  readonly accountOf: (request: HttpRequest) => string | null;
}

export function mountFeed(
  routes: Pick<Routes, "get">,
  { reactor }: FeedRoutesOptions,
): { close(): void } {
  routes.get("/api/descriptors", (_, response) => {
    const descriptors = Array.from(reactor.descriptors.values(), ({ fd, label }) => {
      return { fd, owner: label };
    });
    response.json({ nowMs: reactor.now(), descriptors });
  });
  routes.get("/healthz", (_, response) => {
    response.json({ status: "ok" });
  });
  return { close: () => undefined };
}
