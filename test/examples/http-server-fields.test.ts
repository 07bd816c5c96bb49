/** Fields that an HTTP server puts into every answer. */
import { expect, it } from "vitest";

import { HttpError } from "../../examples/http/server/http-error.ts";
import { HttpServer } from "../../examples/http/server/http-server.ts";
import { HttpSite } from "../support/http-site.ts";
import { onStillNetworks } from "../support/world.ts";

onStillNetworks("fields of every answer", (world) => {
  const open = (): Promise<HttpSite> => {
    return HttpSite.open(
      world(),
      (server) =>
        server
          .get("/whole", (_, response) => {
            response.send("whole");
          })
          .get("/pieces", (_, response) => {
            response.start();
            response.end();
          })
          .get("/events", (_, response) => {
            response.events().close();
          })
          .get("/thrown", (_, response) => {
            response.field("X-Rule", "looser");
            throw new HttpError(409);
          })
          .get("/own", (_, response) => {
            response.field("x-rule", "own").send();
          }),
      { fields: [["X-Rule", "strict"]], allowedHosts: ["here"] },
    );
  };

  it.each([
    ["a whole answer", "/whole", "GET", 200],
    ["one in pieces", "/pieces", "GET", 200],
    ["events", "/events", "GET", 200],
    ["what a handler throws, whatever it had set", "/thrown", "GET", 409],
    ["what has no route", "/nothing", "GET", 404],
    ["what has no such method", "/whole", "PUT", 405],
    ["OPTIONS", "/whole", "OPTIONS", 204],
    ["HEAD", "/whole", "HEAD", 200],
  ])("are in %s", async (_, target, method, status) => {
    const guest = await (await open()).come();
    const answer = await guest.ask(target, method);
    expect([answer.status, answer.fields.get("x-rule")]).toEqual([status, "strict"]);
  });

  it("are in what is no request, and in what is for another host", async () => {
    const site = await open();
    const [broken, stray] = [await site.come(), await site.come()];
    broken.say("nonsense\r\n\r\n", "GET");
    expect((await broken.next()).fields.get("x-rule")).toBe("strict");
    stray.say("GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n", "GET");
    const answer = await stray.next();
    expect([answer.status, answer.fields.get("x-rule")]).toEqual([421, "strict"]);
  });

  it("and Date are in what is said to who may not come in (RFC 9110 section 6.6.1)", async () => {
    const options = { limits: { maxConnections: 1 }, fields: [["X-Rule", "strict"]] } as const;
    const site = await HttpSite.open(world(), () => undefined, options);
    await site.come();
    const peer = site.dial();
    await world().until(() => peer.ended || peer.errorCode !== null, "the farewell");
    expect(peer.received.toString()).toMatch(/\r\nX-Rule: strict\r\nDate: .* GMT\r\n/);
  });

  it("give way to what a handler says", async () => {
    const guest = await (await open()).come();
    expect((await guest.ask("/own")).fields.get("x-rule")).toBe("own");
  });

  it("are fields, or the server is none", () => {
    const reactor = world().createReactor();
    expect(() => new HttpServer(reactor, { fields: [["X-Rule", "a\r\nb"]] })).toThrow("X-Rule");
  });
});
