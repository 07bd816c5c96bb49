/** docs/udp.md: the wire format, the kinds and the limits are those of the sources. */
import { describe, expect, it } from "vitest";

import { calcsize } from "iomux";

import { BACKOFF, TIMEOUT_MS, TRIES } from "../../examples/udp/asking.ts";
import { waitMs } from "../../examples/program/backoff.ts";
import { DEFAULT_LIMITS } from "../../examples/udp/limits.ts";
import * as wire from "../../examples/udp/wire.ts";
import { proseOf, tableBelow } from "./markdown.ts";

const PAGE = "docs/udp.md";
const prose = proseOf(PAGE).replaceAll(/\s+/g, " ");

function codeIn(cell: string): string {
  return /^`(.*)`$/.exec(cell)![1]!;
}

describe(PAGE, () => {
  it("has the fields of the header, with their codes and offsets", () => {
    let format = "!";
    const rows = tableBelow(PAGE, "The wire format");
    for (const [offset, code] of rows) {
      expect(calcsize(format), `offset of ${code!}`).toBe(Number(offset));
      format += codeIn(code!);
    }
    expect(format).toBe(wire.HEADER.format);
    expect(rows.map(([, , field]) => field)).toEqual(wire.FIELDS);
    expect(prose).toContain(`the header is \`${wire.HEADER.format}\``);
    const [magic, version] = rows.map(([, , , what]) => what);
    expect([magic, version]).toEqual([`\`${wire.MAGIC.toString()}\``, `${wire.VERSION}`]);
  });

  it("puts each field where the sources do", () => {
    const ticket = { incarnation: 2n, issued: 3n, seal: Buffer.alloc(16, 4) };
    const [key, value] = [Buffer.alloc(6), Buffer.alloc(7)];
    const bytes = wire.encode({ kind: "set", client: 1n, ticket, number: 5, key, value });
    const offsets = tableBelow(PAGE, "The wire format").map(([offset]) => Number(offset));
    const ends = [...offsets.slice(1), wire.HEADER.size];
    const read = offsets.map((offset, i) => bytes.subarray(offset, ends[i]).toString("hex"));
    const id = (n: number): string => `${n}`.padStart(16, "0");
    const ids = [id(1), id(2), id(3)];
    expect(read).toEqual(["6b76", "01", "03", ...ids, "04".repeat(16), "00000005", "0600", "0007"]);
  });

  it("has every kind with its number, and says which have a key", () => {
    const rows = tableBelow(PAGE, "The kinds");
    const kinds = rows.map(([kind, number]) => [codeIn(kind!), Number(number)]);
    expect(kinds).toEqual(Object.entries(wire.KINDS));
    for (const [kind, , hasKey] of rows.slice(1, 6)) {
      const key = Buffer.alloc(hasKey === "yes" ? 1 : 0);
      const bytes = wire.encode({ kind: codeIn(kind!) as wire.Kind, client: 1n, number: 1, key });
      expect(wire.decodeRequest(bytes).is, kind).toBe("message");
    }
  });

  it("has every limit with its default", () => {
    const rows = tableBelow(PAGE, "Limits of the UDP server").map(([limit, value]) => [
      codeIn(limit!),
      Number(value!.replaceAll(",", "")),
    ]);
    expect(rows).toEqual(Object.entries(DEFAULT_LIMITS));
  });

  it("gives the sizes, the tries and the waits of the sources", () => {
    const { MAX_DATAGRAM_BYTES, MAX_KEY_BYTES, MAX_VALUE_BYTES, HEADER } = wire;
    expect(HEADER.size + MAX_KEY_BYTES + MAX_VALUE_BYTES).toBe(MAX_DATAGRAM_BYTES);
    const number = (n: number): string => n.toLocaleString("en");
    expect(prose).toContain(`A datagram has at most ${number(MAX_DATAGRAM_BYTES)} bytes`);
    expect(prose).toContain(`in bytes, up to ${MAX_KEY_BYTES},`);
    expect(prose).toContain(`in bytes, up to ${MAX_VALUE_BYTES} `);
    const waits = [1, 2, 3, 4, 5].map((attempt) => number(waitMs(BACKOFF, attempt, 1)!));
    expect(prose).toContain(`again after ${waits.join(", ")}, ... ms`);
    expect(prose).toContain(`\`--tries\` datagrams (${TRIES})`);
    expect(prose).toContain(`\`--timeout\` milliseconds (${number(TIMEOUT_MS)})`);
  });
});
