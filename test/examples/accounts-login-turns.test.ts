/** Which login is looked at next: addresses take turns, and a flood shuts out nobody else. */
import { describe, expect, test } from "vitest";

import { FtpSite } from "../support/ftp-site.ts";
import { onNetworks } from "../support/world.ts";
import {
  HASHES_AT_ONCE,
  LoginTurns,
  MAX_WAITING_LOGINS,
} from "../../examples/accounts/login-turns.ts";

/** Logins whose hashes end when the test says so. */
class Desk {
  readonly turns = new LoginTurns();
  /** Hosts in the order in which they had their turn. */
  readonly begun: string[] = [];
  /** Hosts that were told to come back. */
  readonly busy: string[] = [];
  readonly #ends: (() => void)[] = [];

  async come(host: string, signal?: AbortSignal): Promise<void> {
    const work = (): Promise<void> => {
      this.begun.push(host);
      return new Promise((resolve) => this.#ends.push(resolve));
    };
    if ((await this.turns.take(host, work, signal)) === "busy") this.busy.push(host);
  }

  comeOften(host: string, times: number): void {
    for (let i = 0; i < times; i++) void this.come(host);
  }

  /** So many hashes end, one after the other. */
  async end(hashes = 1): Promise<void> {
    for (let i = 0; i < hashes; i++) {
      this.#ends.shift()!();
      await new Promise(setImmediate);
    }
  }

  /** Until nobody waits. */
  async endAll(): Promise<void> {
    while (this.#ends.length > 0) await this.end();
  }
}

/** All places are taken, by `hosts` in turn. */
async function flooded(...hosts: readonly string[]): Promise<Desk> {
  const desk = new Desk();
  const all = HASHES_AT_ONCE + MAX_WAITING_LOGINS;
  for (let i = 0; i < all; i++) void desk.come(hosts[i % hosts.length]!);
  await new Promise(setImmediate);
  expect([desk.turns.running, desk.turns.waiting]).toEqual([HASHES_AT_ONCE, MAX_WAITING_LOGINS]);
  return desk;
}

const QUIET = "192.0.2.99";
const FLOODS = [1, 2, 3, 5, 31, 32].map((count) =>
  Array.from({ length: count }, (_, i) => `198.51.100.${i}`),
);

describe.each(FLOODS.map((hosts) => ({ count: hosts.length, hosts })))(
  "a flood from $count addresses",
  ({ hosts }) => {
    test("lets in who comes from elsewhere, after one turn of each of them at most", async () => {
      const desk = await flooded(...hosts);
      void desk.come(QUIET);
      await new Promise(setImmediate);
      expect(desk.busy).toHaveLength(1);
      expect(hosts).toContain(desk.busy[0]);
      // It goes on: of those who come now, none takes the place of the one who has one.
      for (const host of hosts) desk.comeOften(host, 3);
      await new Promise(setImmediate);
      expect(desk.busy).not.toContain(QUIET);
      await desk.end(hosts.length + 1);
      expect(desk.begun).toContain(QUIET);
      await desk.endAll();
      expect([desk.turns.running, desk.turns.waiting]).toEqual([0, 0]);
    });

    test("takes no place from an address that has no more than its share", async () => {
      const desk = await flooded(...hosts);
      const few = Math.floor(MAX_WAITING_LOGINS / (hosts.length + 1));
      desk.comeOften(QUIET, few);
      for (const host of hosts) desk.comeOften(host, MAX_WAITING_LOGINS);
      await new Promise(setImmediate);
      expect(desk.busy).not.toContain(QUIET);
      await desk.endAll();
      expect(desk.begun.filter((host) => host === QUIET)).toHaveLength(few);
    });
  },
);

test("of the address that has the most the latest gives up its place, and the others keep theirs", async () => {
  const desk = new Desk();
  desk.comeOften("198.51.100.1", HASHES_AT_ONCE);
  const left: string[] = [];
  const named = async (name: string, host: string): Promise<void> => {
    const said = await desk.turns.take(host, () => Promise.resolve("looked at"));
    left.push(`${name} ${said}`);
  };
  void named("first", "198.51.100.1");
  desk.comeOften("198.51.100.1", MAX_WAITING_LOGINS - 2);
  void named("latest", "198.51.100.1");
  void named("quiet", QUIET);
  await new Promise(setImmediate);
  expect(left).toEqual(["latest busy"]);
  await desk.end();
  expect(left).toEqual(["latest busy", "first looked at", "quiet looked at"]);
  await desk.endAll();
});

test("addresses take turns, whoever came first, and in each it is who came first", async () => {
  const desk = new Desk();
  desk.comeOften("a", HASHES_AT_ONCE + 3);
  desk.comeOften("b", 2);
  void desk.come("c");
  await desk.endAll();
  expect(desk.begun.slice(HASHES_AT_ONCE)).toEqual(["a", "b", "c", "a", "b", "a"]);
});

test("one address has all places while nobody else wants them, and one more is busy", async () => {
  const desk = await flooded("a");
  await desk.come("a");
  expect(desk.busy).toEqual(["a"]);
  await desk.endAll();
  expect(desk.begun).toHaveLength(HASHES_AT_ONCE + MAX_WAITING_LOGINS);
});

test("as many addresses as places: one more is busy, for nobody has more than one", async () => {
  const hosts = Array.from({ length: MAX_WAITING_LOGINS }, (_, i) => `198.51.100.${i}`);
  const desk = new Desk();
  desk.comeOften("z", HASHES_AT_ONCE);
  for (const host of hosts) void desk.come(host);
  await desk.come(QUIET);
  expect(desk.busy).toEqual([QUIET]);
  await desk.endAll();
  expect(desk.begun.slice(HASHES_AT_ONCE)).toEqual(hosts);
});

test("addresses of one IPv6 network of 64 bits are one, and others are not", async () => {
  const hosts = Array.from({ length: 66 }, (_, i) => `2001:db8:0:1::${(i + 1).toString(16)}`);
  const desk = await flooded(...hosts);
  for (const host of ["2001:db8:0:1:ffff::1", "2001:0db8::1:0:0:0:9"]) await desk.come(host);
  expect(desk.busy).toHaveLength(2);
  void desk.come("2001:db8:0:2::1");
  void desk.come("fe80::1%eth0");
  await new Promise(setImmediate);
  expect(desk.busy).toHaveLength(4);
  await desk.end(HASHES_AT_ONCE + 2);
  expect(desk.begun).toEqual(expect.arrayContaining(["2001:db8:0:2::1", "fe80::1%eth0"]));
  await desk.endAll();
});

test("addresses of a link are one", async () => {
  const hosts = Array.from({ length: 66 }, (_, i) => `fe80::${(i + 1).toString(16)}%eth0`);
  const desk = await flooded(...hosts);
  await desk.come("fe80::ffff%eth0");
  void desk.come("2001:db8::1");
  await new Promise(setImmediate);
  expect(desk.busy).toEqual(["fe80::ffff%eth0", hosts.at(-1)]);
  await desk.endAll();
});

test("who has left waits no more, and one who runs is not disturbed", async () => {
  const desk = new Desk();
  const [running, waiting] = [new AbortController(), new AbortController()];
  void desk.come("runs", running.signal);
  desk.comeOften("a", HASHES_AT_ONCE - 1);
  void desk.come("waits", waiting.signal);
  void desk.come("b");
  waiting.abort();
  running.abort();
  await new Promise(setImmediate);
  expect([desk.busy, desk.turns.waiting]).toEqual([["waits"], 1]);
  await desk.endAll();
  expect(desk.begun).toEqual(["runs", "a", "b"]);
  expect([desk.turns.running, desk.turns.waiting]).toEqual([0, 0]);
});

test("a hash that fails gives its turn on, and its failure to who wanted it", async () => {
  const turns = new LoginTurns();
  const fails = turns.take("a", () => Promise.reject(new Error("no memory")));
  await expect(fails).rejects.toThrow("no memory");
  expect(turns.running).toBe(0);
});

onNetworks([["memory", "tcp"]], "a client", (world) => {
  test("that hangs up while its password waits gives up its place", async () => {
    const signals: AbortSignal[] = [];
    const site = await FtpSite.open(world(), {
      login: (_, __, ___, signal) => {
        signals.push(signal!);
        return new Promise((resolve) => {
          signal!.addEventListener("abort", () => {
            resolve("busy");
          });
        });
      },
    });
    const [gone, stays] = [await site.greeted(), await site.greeted()];
    for (const guest of [gone, stays]) {
      await guest.ask("USER ann");
      guest.say("PASS right");
    }
    await world().until(() => signals.length === 2, "both passwords");
    gone.peer.destroy();
    await world().until(() => signals[0]!.aborted, "the place");
    expect(signals[1]!.aborted).toBe(false);
    stays.peer.reset();
    await world().until(() => signals[1]!.aborted, "the other place");
  });
});
