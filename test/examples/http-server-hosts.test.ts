/** The HTTP server: for which hosts it answers. */
import { describe, expect, it } from "vitest";

import { hostCheck, LOOPBACK_HOSTS } from "../../examples/http/server/allowed-hosts.ts";
import type { AllowedHosts } from "../../examples/http/server/allowed-hosts.ts";
import { HttpServer } from "../../examples/http/server/http-server.ts";
import { createReactor } from "iomux";
import { HttpSite, type HttpGuest } from "../support/http-site.ts";
import { onEveryChannel } from "../support/world.ts";

onEveryChannel("an HTTP server with allowedHosts", (world) => {
  let handled = 0;

  async function come(allowedHosts?: AllowedHosts): Promise<HttpGuest> {
    handled = 0;
    const mount = (server: HttpServer): unknown =>
      server
        .any("/", (_, response) => {
          handled++;
          response.send("secret");
        })
        .fallback((_, response) => response.send("secret"));
    const options = allowedHosts === undefined ? {} : { allowedHosts };
    return (await HttpSite.open(world(), mount, options)).come();
  }

  function ask(guest: HttpGuest, target: string, host: string): ReturnType<HttpGuest["next"]> {
    guest.say(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/plain\r\n\r\n`);
    return guest.next();
  }

  it("answers others 421 and calls no handler (RFC 9110 section 15.5.20)", async () => {
    const guest = await come(LOOPBACK_HOSTS);
    const answer = await ask(guest, "/", "rebound.example:8080");
    expect(answer.status).toBe(421);
    expect(answer.body.toString()).toBe(
      "421 Misdirected Request: no such host is served here: ask for one that is, " +
        "or have its operator allow this one\n",
    );
    expect((await ask(guest, "/fallback", "rebound.example")).status).toBe(421);
    guest.say("OPTIONS * HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
    expect((await guest.next()).status).toBe(421);
    expect(handled).toBe(0);
    // The connection goes on.
    expect((await ask(guest, "/", "localhost:8080")).body.toString()).toBe("secret");
    expect(handled).toBe(1);
  });

  it("goes by the host of an absolute target, not by Host (RFC 9112 section 3.2.2)", async () => {
    const guest = await come(LOOPBACK_HOSTS);
    expect((await ask(guest, "http://rebound.example/", "localhost")).status).toBe(421);
    expect((await ask(guest, "http://localhost/", "rebound.example")).status).toBe(200);
  });

  it("answers 421 to who names no host", async () => {
    const guest = await come(LOOPBACK_HOSTS);
    guest.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect((await guest.next()).status).toBe(421);
    expect((await ask(guest, "/", "")).status).toBe(421);
  });

  it("asks the function that it was given", async () => {
    const asked: (string | null)[] = [];
    const guest = await come((host) => {
      asked.push(host);
      return host === "A.example:1";
    });
    expect((await ask(guest, "/", "A.example:1")).status).toBe(200);
    expect((await ask(guest, "/", "b")).status).toBe(421);
    guest.say("GET / HTTP/1.0\r\n\r\n");
    expect((await guest.next()).status).toBe(421);
    expect(asked).toEqual(["A.example:1", "b", null]);
  });

  it("answers for every host if there are none", async () => {
    const guest = await come();
    expect((await ask(guest, "/", "rebound.example")).status).toBe(200);
  });
});

describe("a list of hosts", () => {
  const serves = hostCheck([...LOOPBACK_HOSTS, "files.example", "one.example:8080"]);

  it.each([
    ...["localhost", "LocalHost:9000", "localhost.", "localhost.:80", "localhost:", "127.0.0.1"],
    ...["127.0.0.1:65535", "[::1]", "[::1]:8080", "files.example:1", "one.example:8080"],
    ...["One.Example.:08080"],
  ])("has %s", (host) => {
    expect(serves(host)).toBe(true);
  });

  it.each([
    ...["localhost.rebound.example", "rebound.example", "xlocalhost", "localhostx", "127.0.0.10"],
    ...["one.example", "one.example:", "one.example:80", "[::]", "::1", "", ".", "localhost.."],
    ...["files.example:1:2", "[::1", "a@localhost", "local%68ost"],
  ])("has not %j", (host) => {
    expect(serves(host)).toBe(false);
  });

  it.each(["", ":80", "http://localhost", "::1", "a b", "[::1]:x", "a:65536", "a/"])(
    "is misuse with %j",
    (host) => {
      expect(() => new HttpServer(createReactor(), { allowedHosts: [host] })).toThrow(
        `allowedHosts has ${JSON.stringify(host)}: give a host`,
      );
    },
  );

  it("is misuse without any", () => {
    expect(() => new HttpServer(createReactor(), { allowedHosts: [] })).toThrow(
      "allowedHosts is empty",
    );
  });
});
