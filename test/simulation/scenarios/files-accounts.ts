/**
 * A file server with accounts that have homes and rights, and visitors who try all names from
 * everywhere. Nobody is told anything from outside the own home, or without the right to read; what
 * nobody had the right to change is as it was, and nothing is there that its owner did not send.
 */
import assert from "node:assert/strict";
import type { Random, Scenario, Simulation } from "iomux/testing";

import type { Right } from "../../../examples/accounts/rights.ts";
import { readSettings } from "../../../examples/ftp/server/flags.ts";
import { FileServer } from "../../../examples/ftp/server/server.ts";
import { MemoryStore } from "../../../examples/files/memory-store.ts";
import { isOfTheWorld, PORT } from "./files-library.ts";
import { Caller } from "./files-caller.ts";

interface Account {
  readonly name: string;
  readonly home: string;
  readonly rights: readonly Right[];
}

/** The home of one begins as that of another does, and one is in no home but has all of them. */
const ACCOUNTS: readonly Account[] = [
  { name: "ann", home: "/ann", rights: ["read", "write", "delete"] },
  { name: "anna", home: "/anna", rights: ["read"] },
  { name: "carl", home: "/carl", rights: ["create"] },
  { name: "dora", home: "/deep/dora", rights: ["read", "delete"] },
  { name: "emil", home: "/deep/emil", rights: ["read", "create"] },
];

/** What nobody says, and so hears only if it is shown. */
const fileOf = (name: string): string => `seen-by-${name}`;
const secretOf = (name: string): string => `secret of ${name}\n`;
const sentBy = (name: string): string => `sent by ${name}\n`;

/** All that is in the store: by its path the content, null of a folder. */
type Contents = ReadonlyMap<string, { readonly content: string | null; readonly changed: number }>;

async function contentsOf(store: MemoryStore, path = ""): Promise<Contents> {
  const found = new Map<string, { content: string | null; changed: number }>();
  for await (const { name, kind, size, modifiedMs } of store.list(path || "/")) {
    const at = `${path}/${name}`;
    if (kind === "folder") {
      found.set(at, { content: null, changed: 0 });
      for (const [below, what] of await contentsOf(store, at)) found.set(below, what);
      continue;
    }
    const reader = await store.openReader(at, 0);
    const content = Buffer.alloc(size);
    await reader.read(content);
    await reader.close();
    found.set(at, { content: content.toString(), changed: modifiedMs });
  }
  return found;
}

async function put(store: MemoryStore, path: string, content: string): Promise<void> {
  const upload = await store.openUpload(path, { kind: "new" });
  await upload.write(Buffer.from(content));
  await upload.commit();
}

async function filledStore(): Promise<MemoryStore> {
  const store = new MemoryStore({ nowMs: () => Date.now() });
  await store.makeFolder("/deep");
  await put(store, `/${fileOf("nobody")}`, secretOf("nobody"));
  for (const { name, home } of ACCOUNTS) {
    await store.makeFolder(home);
    await store.makeFolder(`${home}/sub`);
    await put(store, `${home}/kept`, secretOf(name));
    await put(store, `${home}/${fileOf(name)}`, secretOf(name));
    await put(store, `${home}/sub/kept`, secretOf(name));
  }
  return store;
}

/** Names in the own home, in those of others, and ways that would lead there. */
function pathOf(random: Random): string {
  const name = random.pick(["kept", "kept", "new", "sub", "sub/kept", "sub/new", ""]);
  const { home } = random.pick(ACCOUNTS);
  const before = random.pick([
    ...["", "", "/", `${home}/`, `..${home}/`, `/..${home}/`, `sub/../..${home}/`],
    ...["../", "/../../", "sub/../../", `//..//.${home}/`],
  ]);
  return `${before}${name}` || "/";
}

async function act(caller: Caller, { name }: Account, random: Random): Promise<void> {
  const [path, other] = [pathOf(random), pathOf(random)];
  switch (random.integer(0, 5)) {
    case 0:
      return caller.receive(`${random.pick(["LIST", "NLST", "MLSD"])} ${path}`);
    case 1:
      return caller.receive(`RETR ${path}`);
    case 2:
      return caller.send(`${random.pick(["STOR", "STOR", "APPE", "STOU"])} ${path}`, sentBy(name));
    case 3:
      await caller.do(`RNFR ${path}`);
      await caller.do(`RNTO ${other}`);
      return;
    case 4:
      await caller.do(`${random.pick(["CWD", "CWD", "DELE", "MKD", "RMD"])} ${path}`);
      return;
    default: {
      const verb = random.pick(["STAT", "MLST", "SIZE", "MDTM", "MFMT 20010101000000", "CDUP"]);
      await caller.do(verb === "CDUP" ? verb : `${verb} ${path}`);
    }
  }
}

async function visit(world: Simulation, address: string, i: number): Promise<void> {
  const random = world.random.fork(`visitor ${i}`);
  const account = random.pick(ACCOUNTS);
  const caller = new Caller(world, world.host(`home ${i}`), { host: address, port: PORT });
  await caller.do(`USER ${account.name}`);
  await caller.do("PASS right");
  for (let acts = random.integer(3, 12); acts > 0; acts--) await act(caller, account, random);
  await caller.end();
  for (const heard of caller.heard) checkHeard(heard, account);
}

function checkHeard(heard: string, { name, rights }: Account): void {
  // Both end a line: a connection may have been cut within a name.
  const seen = [...heard.matchAll(/(?:seen-by-|secret of )(\w+)\r?\n/g)].map(([, whose]) => whose);
  const foreign = seen.filter((whose) => whose !== name || !rights.includes("read"));
  assert.deepEqual([...new Set(foreign)], [], `${name} was shown what is not to be seen`);
}

/** What became of it while everybody did what they could. */
function checkContents(before: Contents, after: Contents): void {
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const owner = ACCOUNTS.find(({ home }) => path.startsWith(`${home}/`));
    const [old, now] = [before.get(path), after.get(path)];
    const may = (right: Right): boolean => owner?.rights.includes(right) === true;
    if (may("write")) {
      const known = [secretOf(owner!.name), sentBy(owner!.name)];
      const foreign = known.reduce((left, one) => left.replaceAll(one, ""), now?.content ?? "");
      assert.equal(foreign, "", `${path} has what its owner did not send`);
    } else if (old === undefined) {
      assert.ok(may("create"), `${path} was made`);
      assert.equal(now!.content, sentBy(owner!.name), `${path} is not what was sent`);
    } else if (now === undefined) assert.ok(may("delete"), `${path} was removed`);
    else assert.deepEqual(now, old, `${path} was changed`);
  }
}

export const filesAccounts: Scenario = {
  name: "files-accounts",
  run: async (world) => {
    const host = world.host("library");
    const heard: unknown[] = [];
    const report = (error: unknown): void => void heard.push(error);
    const reactor = host.createReactor({ onError: report });
    const store = await filledStore();
    const before = await contentsOf(store);
    const settings = readSettings(["--port", String(PORT), "--host", "0.0.0.0"]);
    assert.ok(settings?.kind === "serve");
    const server = await FileServer.open(reactor, {
      ...{ settings, store, tls: null, tlsPolicy: "none", report },
      login: (name) => {
        const account = ACCOUNTS.find((one) => one.name === name);
        if (account === undefined) return Promise.resolve("wrong");
        const { home, rights } = account;
        return Promise.resolve({ name, home, rights: new Set(rights), isAnonymous: false });
      },
      random: () => world.random.fraction(),
      wallMs: () => Date.now(),
      onTransfer: () => undefined,
    });
    const visitors = Array.from({ length: world.random.integer(1, 4) }, (_, i) =>
      visit(world, host.address, i),
    );
    await Promise.all(visitors);
    await server.close(1000);
    await reactor.close();
    await world.sleep(5000);
    assert.deepEqual(store.open, { readers: 0, uploads: 0 }, "files are left open");
    assert.deepEqual(
      heard.filter((error) => !isOfTheWorld(error)),
      [],
      "what it reports",
    );
    checkContents(before, await contentsOf(store));
  },
};
