/** The HTTP server with clients that others wrote: Node's own, undici, curl, wget and wrk. */
import { once } from "node:events";
import { Agent as NodeAgent, request as nodeRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Pool } from "undici";

import { absent } from "./file-server-clients.ts";
import { endFilesServer, openFilesServer, type FilesServer } from "./http-files-process.ts";
import { cleanUp, finish, temporaryFolder } from "./programs.ts";

let server: FilesServer;
const log = join(temporaryFolder(), "access.log");

beforeAll(async () => {
  server = await openFilesServer(["--echo", "--log", log, "--body-bytes", "100000000"]);
});

afterAll(async () => {
  await endFilesServer(server);
  const lines = (await readFile(log, "utf8")).trimEnd().split("\n");
  const line = /^127\.0\.0\.1 - - \[[^\]]+\] "(?:[^"\\]|\\.)*" \d{3} (?:\d+|-) "[^"]*" "[^"]*"$/;
  expect(lines.filter((text) => !line.test(text))).toEqual([]);
  cleanUp();
});

async function bodyOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("latin1");
}

describe("real peer: node:http", () => {
  test("bodies of a length and in chunks, with 100-continue, on one connection", async () => {
    const agent = new NodeAgent({ keepAlive: true, maxSockets: 1 });
    for (const headers of [
      { "Content-Length": "300000" },
      { "Transfer-Encoding": "chunked" },
      { "Content-Length": "300000", Expect: "100-continue" },
    ]) {
      const asked = nodeRequest(server.url, { method: "POST", agent, headers });
      if ("Expect" in headers) {
        asked.flushHeaders();
        await once(asked, "continue");
      }
      asked.end("x".repeat(300_000));
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      expect(answer.statusCode).toBe(200);
      expect(await bodyOf(answer)).toBe("x".repeat(300_000));
    }
    agent.destroy();
  });

  test("the fields of a request are echoed as they came", async () => {
    const asked = nodeRequest(`${server.url}/echo`, {
      headers: { "X-Odd": "a  b\xff", Accept: "b" },
    });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    const body = await bodyOf(answer);
    expect(body).toMatch(/^GET \/echo HTTP\/1\.1\n/);
    expect(body).toContain("X-Odd: a  b\xff\n");
  });
});

describe("real peer: undici", () => {
  test("many requests, pipelined, each with its own answer", async () => {
    const pool = new Pool(server.url, { connections: 4, pipelining: 8 });
    const bodies = Array.from({ length: 200 }, (_, at) => `${at};`.repeat(at * 3 + 1));
    const answers = bodies.map(async (body) => {
      // PUT, because undici pipelines what may be repeated only.
      const answer = await pool.request({ path: "/", method: "PUT", body });
      return answer.body.text();
    });
    expect(await Promise.all(answers)).toEqual(bodies);
    await pool.close();
  });
});

describe.skipIf(absent("curl"))("real peer: curl", () => {
  test("every method, HEAD, 404, and a body with Expect", async () => {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "BREW"]) {
      const { out } = await finish("curl", ["-s", "-X", method, "-d", "some body", server.url]);
      expect(out.toString()).toBe("some body");
    }
    const large = ["-s", "-H", "Expect: 100-continue", "--data-binary", "@-", server.url];
    const { out } = await finish("curl", large, { input: Buffer.alloc(2_000_000, "y") });
    expect(out).toHaveLength(2_000_000);
    const missing = await finish("curl", ["-si", `${server.url}/none`]);
    expect(missing.out.toString()).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    const head = await finish("curl", ["-sI", server.url]);
    expect(head.out.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const old = await finish("curl", ["-si", "--http1.0", server.url]);
    expect(old.out.toString()).toContain("Connection: close");
  });
});

describe.skipIf(absent("wget"))("real peer: wget", () => {
  test("posts, and gets what it has posted", async () => {
    const args = ["-q", "-O", "-", "--post-data=a=b&c=d", server.url];
    expect((await finish("wget", args)).out.toString()).toBe("a=b&c=d");
  });
});

describe.skipIf(absent("wrk"))("real peer: wrk", () => {
  test("a second of requests on 32 connections: none fails", async () => {
    const { out, code } = await finish("wrk", ["-t1", "-c32", "-d1s", `${server.url}/echo`]);
    expect(code).toBe(0);
    expect(out.toString()).toMatch(/[1-9]\d* requests in /);
    expect(out.toString()).not.toMatch(/Non-2xx|Socket errors/);
  });
});

describe("real peer: node:https", () => {
  test("by --tls on", async () => {
    const secure = await openFilesServer(["--echo", "--tls", "on"]);
    const asked = tlsRequest(secure.url, { method: "POST", rejectUnauthorized: false });
    asked.end("secret");
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    expect(await bodyOf(answer)).toBe("secret");
    await endFilesServer(secure);
  });
});
