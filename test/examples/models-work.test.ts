/** What all server models do with a request. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { decodeAnswer, encodeRequest, type Kind } from "../../examples/models/protocol.ts";
import {
  FILE_NAMES,
  fileContents,
  LOADS,
  questionOf,
  sieve,
} from "../../examples/models/samples.ts";
import { countPrimes, createAnswerer, MAX_WORK } from "../../examples/models/work.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const folder = temporaryFolder();
for (const name of FILE_NAMES) writeFileSync(join(folder, name), fileContents(name));
writeFileSync(join(folder, "large.bin"), Buffer.alloc(64 * 1024 + 1));

async function ask(kind: Kind, payload: Buffer, answerer = createAnswerer(folder)) {
  const frame = await answerer(encodeRequest({ kind, payload }).subarray(4));
  const { ok, payload: answered } = decodeAnswer(frame.subarray(4))!;
  return ok ? answered : answered.toString();
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

describe("the work of the server models", () => {
  it("answers all that the load asks as the load expects", async () => {
    for (const load of LOADS) {
      for (let number = 0; number < 12; number++) {
        const { kind, payload, expected } = questionOf(load, 7, number);
        expect(await ask(kind, payload)).toEqual(expected);
      }
    }
  });

  it("counts primes: pi(10), pi(100), pi(1000), pi(10,000) as every table has them", () => {
    const known = [4, 25, 168, 1229];
    expect([10, 100, 1000, 10_000].map(countPrimes)).toEqual(known);
    expect([10, 100, 1000, 10_000].map(sieve)).toEqual(known);
  });

  it("refuses names that lead out of the folder, files that are none, and large ones", async () => {
    for (const name of ["../one.bin", "/etc/passwd", ".hidden", "", "a/b", "one.bin\0"]) {
      expect(await ask("file", Buffer.from(name))).toMatch(/^a file has a plain name/);
    }
    expect(await ask("file", Buffer.from("none"))).toBe("none cannot be read: ENOENT");
    expect(await ask("file", Buffer.from("large.bin"))).toBe("large.bin is over 65536 bytes");
  });

  it("refuses work over MAX_WORK, and what is no number", async () => {
    for (const payload of [uint32(MAX_WORK + 1), Buffer.of(), Buffer.alloc(5)]) {
      expect(await ask("work", payload)).toBe("work is a number of 4 bytes, up to 1000000");
    }
  });

  it("refuses a frame of no kind", async () => {
    const answer = await createAnswerer(folder)(Buffer.of(9));
    expect(decodeAnswer(answer.subarray(4))?.ok).toBe(false);
  });

  it("lets another count, and refuses if that one cannot", async () => {
    const counted = createAnswerer(folder, (below) => Promise.resolve(below + 1));
    expect(await ask("work", uint32(41), counted)).toEqual(uint32(42));
    const broken = createAnswerer(folder, () => Promise.reject(new Error("the pool is full")));
    expect(await ask("work", uint32(41), broken)).toBe("nobody has counted: the pool is full");
  });
});

describe("the questions of the load", () => {
  it("are never the same twice in a row, and differ between neighbours", () => {
    for (const load of LOADS) {
      for (let number = 0; number < 30; number++) {
        const { payload } = questionOf(load, 3, number);
        expect(payload).not.toEqual(questionOf(load, 3, number + 1).payload);
        expect(payload).not.toEqual(questionOf(load, 4, number).payload);
      }
    }
  });

  it("are work once in ten of a blend, and only the others count", () => {
    const asked = Array.from({ length: 20 }, (_, number) => questionOf("blend", 1, number));
    expect(asked.filter(({ kind }) => kind === "work")).toHaveLength(2);
    expect(asked.every(({ kind, counted }) => counted === (kind === "echo"))).toBe(true);
  });
});
