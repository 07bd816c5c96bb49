/** Lines that are typed into the file client, and what becomes of them; no server, no terminal. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import type { ClientFailure } from "../../examples/ftp/client/failure.ts";
import { COMMAND_TABLE, usageOf } from "../../examples/ftp/client/commands.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";
import { failure, FakeDialler, FakeScreen, file, folder, stay } from "./file-client-fakes.ts";

afterAll(cleanUp);

describe("commands", () => {
  test.each<[line: string, asked: string[]]>([
    ["list", ["list "]],
    ["ls pub", ["list pub"]],
    ["  dir   'a b' ", ["list a b"]],
    ["cd pub", ["enter pub", "folder"]],
    ["pwd", ["folder"]],
    ["info a.txt", ["info a.txt"]],
    ["rm a b", ["remove a", "remove b"]],
    ["mkdir a b", ["make a", "make b"]],
    ["rmdir a", ["remove-folder a"]],
    ["mv a b", ["rename a b"]],
    ["mv x/a pub/", ["rename x/a pub/a"]],
    ["get a.txt", ["get a.txt /here/a.txt"]],
    ["get pub/a.txt", ["get pub/a.txt /here/a.txt"]],
    ["get a.txt b.txt", ["get a.txt /here/b.txt"]],
    ["get a.txt ~/b.txt", ["get a.txt /home/me/b.txt"]],
    ["get a.txt into/", ["get a.txt /here/into/a.txt"]],
    ["put a.txt", ["put /here/a.txt a.txt"]],
    ["put x/a.txt", ["put /here/x/a.txt a.txt"]],
    ["put a.txt b.txt", ["put /here/a.txt b.txt"]],
    ["put a.txt pub/", ["put /here/a.txt pub/a.txt"]],
    ["", []],
    ["   ", []],
    ["# rm a", []],
  ])("%j asks for %j", async (line, asked) => {
    const { screen, client } = await stay();
    await screen.type(line);
    expect(client.asked).toEqual(asked);
    expect(screen.look().filter((shown) => shown.startsWith("!!"))).toEqual([]);
  });

  test.each<[line: string, said: string]>([
    ["gte a", "gte: there is no such command; `help` tells which there are"],
    ["get", "it is typed so: get FILE [LOCAL]"],
    ["get a b c", "it is typed so: get FILE [LOCAL]"],
    ["mv a", "it is typed so: mv FILE TO"],
    ["pwd x", "it is typed so: pwd"],
    ["put -c", "it is typed so: put [-c] LOCAL [FILE]"],
    ['get "a', "a quotation mark is missing"],
    ["get a\\", "nothing follows the backslash"],
    ["get a\x00b", "names with control characters are not taken"],
    ["!rm -rf x", "!rm: only !ls, !cd, !pwd and !mkdir are done here; there is no shell"],
    ["!", "!: only !ls, !cd, !pwd and !mkdir are done here; there is no shell"],
    ["\u202ex", "?x: there is no such command; `help` tells which there are"],
    ["get x/..", "x/..: no file here can have this name: `get FILE LOCAL` gives it another"],
    ["help nothing", "nothing: there is no such command; `help` tells which there are"],
    ["!cd nowhere", "nowhere: there is no such folder here"],
  ])("%j asks for nothing, and gets one line", async (line, said) => {
    const { screen, client } = await stay();
    await screen.type(line);
    expect([screen.look(), client.asked]).toEqual([[`!! ${said}`], []]);
  });

  test("help tells of each; help COMMAND of one, with its other names", async () => {
    const { screen } = await stay();
    await screen.type("help");
    const all = screen.look();
    expect(all.length).toBe(COMMAND_TABLE.length);
    for (const command of COMMAND_TABLE) {
      expect(all.some((line) => line.startsWith(`${usageOf(command)} `))).toBe(true);
      await screen.type(`help ${command.name}`);
      const [line] = screen.look();
      expect(line).toContain(`${usageOf(command)}: ${command.does}`);
      for (const name of command.also) {
        await screen.type(`help ${name}`);
        expect(screen.look()).toEqual([line]);
      }
    }
  });

  test("list shows sizes, dates and names, sorted; and nothing that a terminal obeys", async () => {
    const { screen, client } = await stay();
    const link = { name: "l", kind: "link", size: null, modifiedMs: null } as const;
    client.folders[""] = [file("b", 12_345), folder("a"), file("\x1b[2J\u202ec", 5), link];
    await screen.type("list");
    const time = "2026-01-02 03:04";
    expect(screen.look().map((line) => line.replace(/2026-01-\d\d \d\d:\d\d/, time))).toEqual([
      `    5  ${time}  ?[2J?c`,
      `    -  ${time}  a/`,
      `12345  ${time}  b`,
      `    -  -                 l`,
    ]);
    await screen.type("list empty");
    expect(screen.look()).toEqual(["-- nothing there"]);
  });

  test("list takes a pattern", async () => {
    const { screen, client } = await stay();
    client.folders.pub = [file("a.txt"), file("b.jpg"), file(".c.txt"), folder("d.txt")];
    await screen.type("list pub/*.txt");
    expect(screen.look().map((line) => line.split("  ").at(-1))).toEqual(["a.txt", "d.txt/"]);
  });

  test("pwd and info show no more than text", async () => {
    const { screen } = await stay();
    await screen.type("cd '\u202epub'");
    await screen.type("pwd");
    await screen.type("info '\u202ea'");
    const [pwd, name, kind, size] = screen.look();
    expect([pwd, name, kind, size]).toEqual([
      ...["?pub", "name:     ?a", "kind:     file", "size:     5 bytes"],
    ]);
  });

  test.each(["quit", "exit", "bye", null])("%j says goodbye, and ends with 0", async (line) => {
    const { screen, client, over } = await stay();
    screen.begin(line);
    expect(await over).toBe(0);
    expect(client.asked).toEqual(["quit"]);
  });
});

describe("files by patterns", () => {
  test("mget gets what they mean, and no folder", async () => {
    const { screen, client } = await stay({ quiet: true });
    const names = ["b.txt", "a.txt", ".h.txt", "c.jpg"].map((name) => file(name));
    client.folders[""] = [...names, folder("d.txt")];
    client.folders.pub = [file("x1"), file("x2"), file("x3")];
    await screen.type("mget *.txt a.txt pub/x[12] plain");
    expect(client.asked).toEqual([
      ...["list ", "list pub", "get a.txt /here/a.txt", "get b.txt /here/b.txt"],
      ...["get pub/x1 /here/x1", "get pub/x2 /here/x2", "get plain /here/plain"],
    ]);
  });

  test("a name from the server never leaves the folder, nor is another one here", async () => {
    const { screen, client } = await stay();
    const names = ["../x", "a/.profile", "/etc/x", "..", "e\x1b[2Jx", "ok", "b\\x"];
    client.folders[""] = names.map((name) => file(name));
    await screen.type("mget * .*");
    expect(client.asked.filter((asked) => asked.startsWith("get"))).toEqual(["get ok /here/ok"]);
    const refused = (name: string): string =>
      `!! ${name}: no file here can have this name: \`get FILE LOCAL\` gives it another`;
    expect(screen.look().filter((line) => line.startsWith("!!"))).toEqual([
      ...[refused("b\\x"), refused("e?[2Jx"), refused("..")],
      "!! 3 of 4 files failed",
    ]);
  });

  test("what fails with one file does not stop the others", async () => {
    const { screen, client } = await stay({ quiet: true });
    client.folders[""] = [file("a"), file("b"), file("c")];
    client.failing["get b /here/b"] = failure("no-permission", "b: not allowed");
    await screen.type("mget *");
    expect(client.asked.at(-1)).toBe("get c /here/c");
    expect(screen.look()).toEqual(["!! b: not allowed", "!! 1 of 3 files failed"]);
  });

  test("a connection that is lost does", async () => {
    const { screen, client } = await stay({ quiet: true });
    client.folders[""] = [file("a"), file("b")];
    client.failing["get a /here/a"] = failure("lost", "the connection was lost");
    await screen.type("mget *");
    expect(client.asked.at(-1)).toBe("get a /here/a");
    expect(screen.look()).toEqual(["!! the connection was lost"]);
  });

  test("a pattern that means nothing fails", async () => {
    const { screen, client } = await stay();
    await screen.type("mget *.txt");
    expect([client.asked, screen.look()]).toEqual([
      ["list "],
      ["!! *.txt: no file has such a name"],
    ]);
  });

  test("mput puts what they mean here", async () => {
    const here = temporaryFolder();
    for (const name of ["a.txt", "b.txt", "c.jpg"]) writeFileSync(join(here, name), name);
    mkdirSync(join(here, "d.txt"));
    const { screen, client } = await stay({ folder: here, quiet: true });
    await screen.type("mput *.txt");
    expect(client.asked).toEqual([`put ${here}/a.txt a.txt`, `put ${here}/b.txt b.txt`]);
    await screen.type("mput -c c.*");
    expect(client.asked.at(-1)).toBe(`put ${here}/c.jpg c.jpg`);
    expect(client.options?.resume).toBe(true);
  });
});

describe("transfers", () => {
  test("get goes on with what has broken off; put does with -c only", async () => {
    const { screen, client } = await stay();
    const resumes: boolean[] = [];
    for (const line of ["get a", "put a", "put -c a"]) {
      await screen.type(line);
      resumes.push(client.options!.resume);
    }
    expect(resumes).toEqual([true, false, true]);
  });

  test("a terminal shows a bar, which is gone afterwards", async () => {
    const { screen } = await stay();
    screen.columns = 60;
    await screen.type("get pub/\u202ea.txt a.txt");
    const [name, bar, gone, line] = screen.look();
    expect(name).toBe("[?a.txt]");
    expect(bar).toBe(`[?a.txt  100%  1.0 KiB  1.0 KiB/s  [${"#".repeat(22)}]]`);
    expect([gone, line]).toEqual(["[]", "-- got ?a.txt: 1.0 KiB in 1 s, 1.0 KiB/s"]);
  });

  test("a pipe gets a line for each", async () => {
    const { screen } = await stay({ screen: new FakeScreen(false) });
    await screen.type("put a.txt");
    expect(screen.look()).toEqual(["-- put a.txt: 1.0 KiB in 1 s, 1.0 KiB/s"]);
  });

  test("nothing, if it is to be quiet, but what was asked for and what failed", async () => {
    const { screen, client } = await stay({ quiet: true });
    screen.columns = 60;
    client.failing["get b /here/b"] = failure("no-file", "b: no such file");
    for (const line of ["get a", "get b", "pwd"]) await screen.type(line);
    expect(screen.look()).toEqual(["!! b: no such file", "/"]);
  });

  test("no bar is left of one that fails", async () => {
    const { screen, client } = await stay();
    screen.columns = 60;
    client.failing["get a /here/a"] = failure("lost", "the connection was lost");
    await screen.type("get a");
    expect(screen.look().slice(2)).toEqual(["[]", "!! the connection was lost"]);
  });
});

describe("open", () => {
  test("leaves the old server, and never comes back to it by itself", async () => {
    const { screen, client, dialler } = await stay();
    await screen.type("open other");
    expect([client.asked, dialler.dialled]).toEqual([["quit"], ["host", "other"]]);
    expect(screen.look()).toEqual(["!! nobody answers"]);
    await screen.type("rm a");
    expect(screen.look()).toEqual(["!! not connected: `open ADDRESS` connects"]);
    expect(dialler.dialled).toEqual(["host", "other"]);
  });

  test("is possible from the prompt of who came without an address", async () => {
    const { screen, client } = await stay({ address: null });
    await screen.type("list");
    await screen.type("open host");
    await screen.type("rm a");
    expect(screen.look()).toEqual([
      "!! not connected: `open ADDRESS` connects",
      "-- connected to server:21",
    ]);
    expect(client.asked).toEqual(["remove a"]);
  });

  test("an address that leads nowhere at the start ends it, with its exit status", async () => {
    const { over } = await stay({ dialler: new FakeDialler() });
    expect(await over).toBe(failure("refused", "").exitCode);
  });
});

describe("a pipe", () => {
  test("ends with the first failure, and says in which line", async () => {
    const { screen, client, over } = await stay({ screen: new FakeScreen(false) });
    client.failing["enter nowhere"] = failure("no-file", "nowhere: no such folder");
    await screen.type("pwd");
    screen.begin("cd nowhere");
    expect(await over).toBe(failure("no-file", "").exitCode);
    expect(screen.look()).toEqual(["/", "!! line 2: nowhere: no such folder"]);
    expect(client.asked).toEqual(["folder", "enter nowhere", "quit"]);
  });

  test("that nobody reads any more ends it", async () => {
    const { screen, over } = await stay({ screen: new FakeScreen(false) });
    screen.person.gone();
    expect(await over).toBe(141);
  });
});

test("local commands move and list a folder of the client's own", async () => {
  const here = temporaryFolder();
  writeFileSync(join(here, "a.txt"), "hello");
  writeFileSync(join(here, ".hidden"), "");
  const { screen, client } = await stay({ folder: here, quiet: true });
  const before = process.cwd();
  for (const line of ["!mkdir x", "lcd x", "!pwd", "get f", "! cd ..", "!ls", "!mkdir x"]) {
    await screen.type(line);
  }
  const shown = screen.look().map((line) => line.replace(/\d{4}-.{11}/, "TIME"));
  expect(shown).toEqual([
    ...[
      `${here}/x`,
      "5  TIME  a.txt",
      "-  TIME  x/",
      "!! x here: something has this name already: choose another one (EEXIST)",
    ],
  ]);
  expect([client.asked, process.cwd()]).toEqual([[`get f ${here}/x/f`], before]);
});

test("what is no failure of the world is not hidden", async () => {
  const { screen, client, over } = await stay();
  client.failing["remove a"] = new TypeError("a bug") as unknown as ClientFailure;
  screen.begin("rm a");
  await expect(over).rejects.toThrow("a bug");
});
