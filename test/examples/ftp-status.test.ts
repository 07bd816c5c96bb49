/** The status of the file server: what is told of whom, and how it is shown. */
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { columnsOf } from "../../examples/ftp/client/text-width.ts";
import { statusLines } from "../../examples/ftp/server/status-lines.ts";
import {
  MAX_TOLD_PATH,
  MAX_TOLD_SESSIONS,
  toldSessions,
  type ServerStatus,
  type SessionStatus,
  type TransferStatus,
} from "../../examples/ftp/server/status.ts";
import { watchStatus } from "../../examples/ftp/server/status-watch.ts";
import { createReactor, type Channel } from "iomux";

import { FtpSite } from "../support/ftp-site.ts";
import { onNetworks } from "../support/world.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const NOON = Date.UTC(2026, 10, 21, 12);
const WIDE = { columns: Infinity, rows: Infinity };

function session(id: number, doing: SessionStatus["doing"], user: string | null = "ann") {
  return { id, user, host: "192.0.2.7", sinceMs: NOON - 60_000 * id, doing };
}

function moving(bytes: number, forMs: number, more: Partial<TransferStatus> = {}): TransferStatus {
  const path = "/big.iso";
  return { kind: "transfer", verb: "RETR", path, bytes, expected: 1_048_576_000, forMs, ...more };
}

function status(told: readonly SessionStatus[], more: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ...{ nowMs: 100_000, wallMs: NOON, startedMs: NOON - 3_723_000 },
    addresses: ["127.0.0.1:2121"],
    sessions: { taken: told.length, of: 1000 },
    transfers: told.filter(({ doing }) => doing.kind === "transfer").length,
    ...{ refused: 4, received: 20_971_520, sent: 1_610_612_736 },
    memory: { taken: 1_258_291, of: 268_435_456 },
    buffers: { taken: 3, of: 16 },
    logins: { running: 1, waiting: 2 },
    told,
    ...more,
  };
}

describe("a status in lines", () => {
  test("tells sums, and of each session who it is and what it does", () => {
    const told = [
      session(7, moving(471_859_200, 60_000)),
      session(3, moving(5000, 500, { verb: "STOR", path: "/x", expected: null })),
      session(1, { kind: "idle", forMs: 65_000 }),
      session(2, { kind: "works", forMs: 2000 }, "bob"),
      session(4, { kind: "logs-in" }, null),
    ];
    const earlier = [
      session(7, moving(419_430_400, 58_000)),
      session(3, { kind: "idle", forMs: 1 }),
    ];
    const before = status(earlier, { nowMs: 98_000, received: 0, sent: 1_610_612_636 });
    expect(statusLines(status(told), before, WIDE)).toEqual([
      "127.0.0.1:2121, up 1:02:03",
      "5 of 1000 sessions, 2 transfers, 4 refused",
      "received 20.0 MiB at 10.0 MiB/s, sent 1.5 GiB at 50 B/s",
      "memory 1.2 MiB of 256 MiB, large buffers 3 of 16, logins 1 running, 2 waiting",
      "",
      "USER  ADDRESS    SINCE     DOES         BYTES       OF        RATE    AVERAGE  PATH",
      "ann   192.0.2.7  11:53:00  RETR       450 MiB  1.0 GiB  25.0 MiB/s  7.5 MiB/s  /big.iso",
      "ann   192.0.2.7  11:57:00  STOR       4.9 KiB            9.8 KiB/s  9.8 KiB/s  /x",
      "ann   192.0.2.7  11:59:00  idle 1:05",
      "bob   192.0.2.7  11:58:00  works 2 s",
      "-     192.0.2.7  11:56:00  logs in",
    ]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7])("has no more lines than %i rows", (rows) => {
    const told = [1, 2, 3].map((id) => session(id, { kind: "idle", forMs: 1 }));
    const lines = statusLines(status(told), null, { columns: 80, rows });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines[0]).toBe("127.0.0.1:2121, up 1:02:03");
  });

  test("has no rates when there was no look before, but averages", () => {
    const [, , sums, , , , row] = statusLines(status([session(1, moving(2048, 1000))]), null, WIDE);
    expect(sums).toBe("received 20.0 MiB, sent 1.5 GiB");
    expect(row).toMatch(/ RETR {2}2\.0 KiB {2}1\.0 GiB {8}2\.0 KiB\/s {2}\/big\.iso$/);
  });

  test("does not take what an earlier transfer has moved for this one's", () => {
    const before = status([session(1, moving(900_000, 90_000))], { nowMs: 98_000 });
    const row = statusLines(status([session(1, moving(1024, 1000))]), before, WIDE).at(-1)!;
    expect(row).toContain("1.0 KiB/s  1.0 KiB/s");
  });

  test("who came before yesterday's hour has a date", () => {
    const old = { ...session(1, { kind: "logs-in" }), sinceMs: NOON - 86_400_000 };
    expect(statusLines(status([old]), null, WIDE).at(-1)).toContain("11-20 12:00");
  });

  test("nothing in a name is obeyed by a terminal", () => {
    const evil = "a\x1b[2J\x07\r\n\x9b31m\u202egnp";
    const told = [
      { ...session(1, moving(1, 1, { path: `/${evil}`, verb: evil }), evil), host: evil },
    ];
    for (const line of statusLines(status(told, { addresses: [evil] }), null, WIDE)) {
      expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }
    expect(statusLines(status(told), null, WIDE).at(-1)).toContain("/a?[2J????31m?gnp");
  });

  test("no line is wider than the screen, whatever the names, and none is more than its rows", () => {
    const told = ["x".repeat(200), "文".repeat(100), "é".repeat(30), ""].map((name, i) =>
      session(i, moving(12_345 ** i, 5000, { path: `/${name}` }), name),
    );
    for (let columns = 1; columns < 160; columns++) {
      const lines = statusLines(status(told), status(told, { nowMs: 1 }), { columns, rows: 50 });
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    }
    for (let rows = 8; rows < 20; rows++) {
      const lines = statusLines(status(told), null, { columns: 80, rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(lines.filter((line) => line.includes("RETR"))).toHaveLength(Math.min(4, rows - 7));
      expect(lines.at(-1)!.startsWith("and ")).toBe(rows < 11);
    }
  });

  test("where it is narrow the averages go first, and paths keep their ends", () => {
    const path = `/${"folder/".repeat(9)}movie.mkv`;
    const told = [session(1, moving(5e6, 5000, { path }))];
    const [titles, row] = statusLines(status(told), status(told), { columns: 80, rows: 9 }).slice(
      -2,
    );
    expect(titles).not.toContain("AVERAGE");
    expect(titles).toContain("SINCE");
    expect(row).toMatch(/ {2}\/folder.*~.*\.mkv$/);
    const narrow = statusLines(status(told), null, { columns: 50, rows: 9 }).at(-1)!;
    expect(narrow).toMatch(/^ann .*RETR.*\.mkv$/);
  });
});

describe("what is told", () => {
  test("MAX_TOLD_SESSIONS, the longest transfers first", () => {
    const idle = Array.from({ length: MAX_TOLD_SESSIONS }, (_, i) =>
      session(i, { kind: "idle", forMs: 9e9 }),
    );
    const transfers = [session(2000, moving(1, 5)), session(3000, moving(1, 50))];
    const told = toldSessions([...idle, ...transfers]);
    expect(told).toHaveLength(MAX_TOLD_SESSIONS);
    expect(told.slice(0, 3).map(({ id }) => id)).toEqual([3000, 2000, 0]);
    const sessions = { taken: idle.length + 2, of: 5000 };
    const shown = statusLines(status(told, { sessions }), null, WIDE);
    expect(shown.at(-1)).toBe("and 2 sessions more");
  });
});

onNetworks([["memory", "tcp"]], "the status of a server", (world) => {
  test("says who logs in, who is idle, who works, and what is moved", async () => {
    let letThrough: (() => void) | null = null;
    let holds = false;
    const site = await FtpSite.open(world(), {
      settings: { sessions: 9, poolBytes: 3 * 1024 * 1024, memoryBytes: 1_000_000 },
      store: {
        wait: (operation) =>
          holds && operation === "look"
            ? new Promise((resolve) => {
                letThrough = resolve;
              })
            : Promise.resolve(),
      },
    });
    await site.put("/large", Buffer.alloc(500_000));
    await site.greeted();
    const [idle, busy, down, up] = [
      ...[await site.loggedIn(), await site.loggedIn()],
      ...[await site.loggedIn(), await site.loggedIn()],
    ] as const;
    await world().advance(5000);
    holds = true;
    busy.say("SIZE /large");
    await world().until(() => letThrough !== null, "the question");
    holds = false;
    const data = await down.passive();
    data.pause();
    await down.ask("REST 100000");
    expect(await down.ask("RETR /large")).toMatch(/^150/);
    const sent = await up.passive();
    expect(await up.ask("STOR new")).toMatch(/^150/);
    sent.write("x".repeat(777));
    await world().advance(1500);
    await idle.ask("NOOP");
    await world().advance(500);

    const now = site.files.status();
    const { wallMs } = now;
    expect(now).toMatchObject({
      startedMs: wallMs - 7000,
      addresses: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
      sessions: { taken: 5, of: 9 },
      ...{ transfers: 2, refused: 0 },
      memory: { taken: site.reactor.stats().bufferedBytes, of: 1_000_000 },
      buffers: { taken: 0, of: 3 },
      logins: { running: 0, waiting: 0 },
    });
    const [first, second, ...others] = now.told;
    expect(others.map(({ user, doing }) => [user, doing])).toEqual([
      [null, { kind: "logs-in" }],
      ["ann", { kind: "idle", forMs: 500 }],
      ["ann", { kind: "works", forMs: 2000 }],
    ]);
    expect(first).toMatchObject({ user: "ann", host: "127.0.0.1", sinceMs: wallMs - 7000 });
    const transfers = [first!.doing, second!.doing] as TransferStatus[];
    const [stor, retr] = transfers.toSorted((one) => (one.verb === "STOR" ? -1 : 1));
    expect(stor).toMatchObject({ verb: "STOR", path: "/new", bytes: 777, expected: null });
    expect(retr).toMatchObject({ verb: "RETR", path: "/large", expected: 400_000, forMs: 2000 });
    // What waits in this process has not been sent.
    const held = [...site.reactor.registrations.values()].map(({ descriptor }) => descriptor);
    const [channel] = (held as Channel[]).filter(({ queued }) => queued > 0);
    expect(retr!.bytes).toBe(channel!.bytesOut);
    letThrough!();
    expect(await busy.next()).toMatch(/^213/);
    data.destroy();
    sent.end();
  });

  test("tells the end of a long path below its user's home, and who was refused", async () => {
    const rights = new Set(["read", "write"] as const);
    const site = await FtpSite.open(world(), {
      settings: { sessions: 1 },
      login: (name) => Promise.resolve({ name, home: "/homes/ann", rights, isAnonymous: false }),
    });
    const ann = await site.loggedIn();
    const late = site.come();
    expect(await late.next()).toMatch(/^421/);
    await ann.passive();
    expect(await ann.ask("STOR new")).toMatch(/^150/);
    expect(site.files.status()).toMatchObject({
      refused: 1,
      told: [{ doing: { path: "/homes/ann/new" } }],
    });
    await ann.ask("ABOR");
    await ann.next();
    let path = "";
    for (let i = 0; i < 20; i++) {
      path += `/${"d".repeat(20)}${i}`;
      await ann.ask(`MKD ${path}`);
    }
    await ann.passive();
    expect(await ann.ask(`STOR ${path}/end`)).toMatch(/^150/);
    const { doing } = site.files.status().told[0]!;
    expect((doing as TransferStatus).path).toBe(`${path}/end`.slice(-MAX_TOLD_PATH));
    await ann.ask("ABOR");
  });

  test("a listing and a text have no end that is known, and what is over is not told", async () => {
    const site = await FtpSite.open(world());
    await site.put("/text", Buffer.alloc(300_000, "line\n"));
    const ann = await site.loggedIn();
    await ann.ask("TYPE A");
    const data = await ann.passive();
    data.pause();
    expect(await ann.ask("RETR text")).toMatch(/^150/);
    expect(site.files.status().told[0]!.doing).toMatchObject({ verb: "RETR", expected: null });
    data.resume();
    await world().until(() => data.ended, "all of it");
    data.end();
    expect(await ann.next()).toMatch(/^226/);
    expect(site.files.status()).toMatchObject({
      transfers: 0,
      told: [{ doing: { kind: "idle" } }],
    });
    await ann.place();
    expect(await ann.ask("RETR text")).toMatch(/^150/);
    const waits = { bytes: 0, expected: null, forMs: 0 };
    expect(site.files.status().told[0]!.doing).toMatchObject(waits);
    expect(await ann.ask("ABOR")).toMatch(/^426/);
    await ann.next();
    const listing = await ann.passive();
    expect(await ann.ask("NLST")).toMatch(/^150/);
    expect(site.files.status().told[0]!.doing).toMatchObject({ verb: "NLST", path: "/" });
    await world().until(() => listing.ended, "all of it");
    listing.end();
    await ann.next();
  });
});

test("a terminal that does not know how large it is, is shown as much as a usual one", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "status");
  const server = createServer((socket) => {
    socket.once("data", () => socket.end(`${JSON.stringify(status([]))}\n`));
  });
  server.listen(path);
  await once(server, "listening");
  const reactor = createReactor();
  let shown = "";
  const write = (text: string): void => void (shown += text);
  await watchStatus(reactor, path, { isTTY: true, columns: 0, rows: 0, write });
  await reactor.close();
  server.close();
  expect(shown).toContain("0 of 1000 sessions, 0 transfers, 4 refused\n");
  expect(shown).toContain("The server has ended.");
});
