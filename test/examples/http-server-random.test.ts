/** The whole server, and requests that are nearly right: each is answered, and then it is over. */
import { expect, it } from "vitest";

import { REFUSALS } from "../../examples/http/refusal.ts";
import type { RequestHead } from "../../examples/http/request-head.ts";
import { HttpSite } from "../support/http-site.ts";
import { readAnswers } from "../support/http-talk.ts";
import { Random } from "../support/seeds.ts";
import { onNetworks } from "../support/world.ts";
import { hear } from "./http-dialogue.ts";
import { cut, mutated } from "./http-mutations.ts";

const { SEED } = process.env;
const GUESTS = SEED === undefined ? 150 : 1;

/** What is answered before the body is read; else 200, if the body is whole. */
function statusOf({ target }: RequestHead): number {
  if (target.form === "authority") return 501;
  if (/^https:/i.test(target.raw)) return 421;
  if (target.path === "*") return 204;
  try {
    decodeURIComponent(target.path);
    return 200;
  } catch {
    return 400;
  }
}

/** The statuses that an echo owes to who says `bytes` and ends its side; and the methods of it. */
function owed(bytes: Buffer): { readonly statuses: number[]; readonly methods: string[] } {
  const { requests, refused, whole } = hear([bytes]);
  const statuses = requests.map(({ head }) => statusOf(head));
  if (refused !== null) {
    const { status } = REFUSALS[refused];
    if (requests.length === whole) statuses.push(status);
    else if (statuses.at(-1) === 200) statuses.splice(-1, 1, status);
  }
  return { statuses, methods: requests.map(({ head }) => head.method) };
}

onNetworks(
  [
    ["memory", "tcp"],
    ["net", "tcp"],
  ],
  "mutations of requests to an echo",
  (world) => {
    it("are answered in order, with one refusal at most, and the connection ends", async () => {
      const site = await HttpSite.open(world(), (server) =>
        server.fallback(async ({ body }, response) => {
          response.send(await body.bytes());
        }),
      );
      const first = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
      for (let seed = first; seed < first + GUESTS; seed++) {
        const random = new Random(seed);
        const bytes = mutated(random);
        const guest = await site.come();
        for (const piece of cut(bytes, random)) guest.say(piece);
        guest.peer.end();
        await guest.ended();
        const { statuses, methods } = owed(bytes);
        // What is refused may have been a HEAD: its answer has no body then.
        const readings = ["GET", "HEAD"].map((last) =>
          readAnswers(guest.peer.received, [...methods, last], true)
            .filter(({ status }) => status >= 200)
            .map(({ status, isWhole }) => (isWhole ? status : "a part")),
        );
        expect(readings, `SEED=${seed}`).toContainEqual(statuses);
      }
      await world().until(() => site.server.stats().connections === 0, "the end of all");
      expect(site.heard).toEqual([]);
    });
  },
);
