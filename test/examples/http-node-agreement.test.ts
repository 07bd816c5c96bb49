/** Node's own parser reads the same, but where a table says that it does not, and why. */
import { METHODS } from "node:http";
import { describe, expect, test } from "vitest";

import type { RefusalCode } from "../../examples/http/refusal.ts";
import { Random } from "../support/seeds.ts";
import { hear, type Dialogue } from "./http-dialogue.ts";
import { mutated } from "./http-mutations.ts";
import { readByNode, type Reading, type ReadRequest } from "./http-node-reading.ts";
import { ACCEPTED_SAMPLES, get, REFUSED_SAMPLES } from "./http-samples.ts";

/** What is refused here although Node may take it. */
const STRICTER: Partial<Record<RefusalCode, string>> = {
  "bare-lf": "Node passes over LF before a request line",
  "bare-cr": "Node passes over CR before a request line",
  "empty-lines": "Node passes over any number of them",
  "bad-request-line": "Node takes several spaces for one",
  "target-too-long": "Node has no limit of its own for a target",
  "bad-target": "Node hands fragments on",
  "bad-target-form": "Node hands on any asterisk, scheme, and what CONNECT names",
  "bad-authority": "Node does not look into authorities",
  "version-unsupported": "Node answers HTTP/0.9 and HTTP/2.0 in the way of HTTP/1.1",
  "too-many-fields": "Node's limit is 2,000",
  "host-missing": "Node asks no Host of CONNECT",
  "host-twice": "Node takes the first one",
  "bad-host": "Node does not look into Host",
  "length-and-coding": "Node takes an empty Transfer-Encoding for none",
  "coding-in-1.0": "Node reads chunks of HTTP/1.0 too",
  "not-chunked": "Node passes over an empty element, or a tab, before chunked",
  "unknown-coding": "Node hands on a body that is still coded",
  "connect-with-body": "Node takes the body for bytes of the tunnel",
  "content-too-large": "Node has no limit for a body",
  "bad-extension": "Node takes an extension with = and without a value",
  "bad-length": "Node takes a tab behind the number",
  "extensions-too-large": "Node counts only what is in one chunk's line",
  "chunk-line-too-long": "Node's limit is 16 KiB",
  "forbidden-trailer": "Node hands on all trailers but those that frame",
  "trailers-too-large": "Node's limit is that of heads",
  "too-many-trailers": "Node's limit for trailers is 2,000",
  "unknown-expectation": "Node looks for 100-continue anywhere in it",
};

/** What is read here although Node refuses it; told by what came, and what was heard of it. */
const LAXER: readonly (readonly [why: string, is: (text: string, ours: Dialogue) => boolean])[] = [
  [
    "RFC 9110 section 9.1: a method is any token; Node has a list",
    (_, { requests }) => requests.some(({ head }) => !METHODS.includes(head.method)),
  ],
  ["RFC 9110 section 2.5: a later 1.x is read as 1.1", (text) => / HTTP\/1\.[2-9]\r\n/.test(text)],
  [
    "RFC 9112 section 7.1.1: blanks around the parts of a chunk extension are bad, but read",
    (text) => /\r\n[\dA-Fa-f]+[^\r\n]*(?:[\t ];|;[\t ]|[\t ]=|=[\t ])[^\r\n]*\r\n/.test(text),
  ],
  [
    "RFC 9112 section 9.6: what comes behind a request that closes is not read",
    (text) => /\r\nConnection:.*close|HTTP\/1\.0\r\n/i.test(text),
  ],
];

function compare(request: ReadRequest, index: number, ours: Dialogue): void {
  const { head, body, trailers } = ours.requests[index]!;
  const fields = Array.from(head.fields, ([name, value]) => [name.toLowerCase(), value]);
  const ends = (trailers ?? []).map(([name, value]) => [name.toLowerCase(), value]);
  expect({ method: head.method, target: head.target.raw, fields, body, trailers: ends }).toEqual(
    request,
  );
}

/** Throws where the two differ and no table says so; tells which row did, if one had to. */
function agree(bytes: Buffer, node: Reading, ours: Dialogue): string | null {
  const both = Math.min(node.requests.length, ours.whole);
  for (let index = 0; index < both; index++) compare(node.requests[index]!, index, ours);
  const refusedHere = ours.refused !== null;
  if (node.requests.length === ours.whole && node.refused === refusedHere) return null;
  const text = bytes.toString("latin1");
  const more = node.requests.length > ours.whole || (refusedHere && !node.refused);
  const row = more ? STRICTER[ours.refused!] : LAXER.find(([, isSo]) => isSo(text, ours))?.[0];
  const seen = {
    text,
    node: [node.requests.length, node.refused],
    ours: [ours.whole, ours.refused],
  };
  expect(row, `the tables have no row for ${JSON.stringify(seen)}`).toBeDefined();
  return row!;
}

describe("what is refused here is refused by Node too, but for a row that says why not", () => {
  test.each(REFUSED_SAMPLES.filter(({ limits }) => limits === undefined))(
    "$code: $what",
    async ({ text }) => {
      const bytes = Buffer.from(text, "latin1");
      agree(bytes, await readByNode(bytes), hear([bytes]));
    },
  );
});

test.each(ACCEPTED_SAMPLES)("Node reads the same of %j, or a row says why not", async (text) => {
  const bytes = Buffer.from(text, "latin1");
  agree(bytes, await readByNode(bytes), hear([bytes]));
});

test("each row is needed by a sample", async () => {
  const needed = new Set<string>();
  for (const text of [
    ...ACCEPTED_SAMPLES,
    ...REFUSED_SAMPLES.map((sample) => sample.text),
    get("POST / HTTP/1.1", "Content-Length: 1048577") + "a".repeat(1_048_577),
    "CONNECT a:80 HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 ;a\r\nb\r\n0\r\n\r\n",
  ]) {
    const bytes = Buffer.from(text, "latin1");
    const row = agree(bytes, await readByNode(bytes), hear([bytes]));
    if (row !== null) needed.add(row);
  }
  const rows = [...Object.values(STRICTER), ...LAXER.map(([why]) => why)];
  expect([...needed].sort()).toEqual(rows.sort());
});

test("mutations are read as Node reads them, but for those rows", async () => {
  const given = process.env.SEED;
  const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  for (let seed = first; seed < first + (given === undefined ? 2000 : 1); seed++) {
    const bytes = mutated(new Random(seed));
    try {
      agree(bytes, await readByNode(bytes), hear([bytes]));
    } catch (error) {
      throw new Error(`failed with SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
});
