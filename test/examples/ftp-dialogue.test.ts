/** The file client's side of the protocol: what it says, and what it makes of each answer. */
import { describe, expect, test } from "vitest";

import { Dialogue } from "../../examples/ftp/client/dialogue.ts";
import {
  RefusedError,
  TransferError,
  type Given,
  type Operation,
  type Wish,
} from "../../examples/ftp/client/wishes.ts";

/** Of a wish to move, `whole` or `broken`. */
type Answer = string | boolean | readonly string[];

function reply(text: string): Given["say"] {
  return { code: Number(text.slice(0, 3)), lines: text.slice(4).split("/ ") };
}

function shown(wish: Wish): string {
  if (wish.kind === "say") return wish.line;
  if (wish.kind === "connect") return `${wish.secure ? "TLS " : ""}:${wish.port}`;
  return wish.kind;
}

/** Runs it against a server that has these answers ready, in order; all must be asked for. */
function run<T>(
  operation: Operation<T>,
  answers: readonly Answer[],
): { said: string[]; result: T } {
  const said: string[] = [];
  const left = [...answers];
  let step = operation.next();
  while (step.done !== true) {
    const wish = step.value;
    said.push(shown(wish));
    const answer = left.shift();
    const isDone = wish.kind === "secure" || wish.kind === "begin-anew";
    if (answer === undefined && !isDone) throw new Error(`no answer to ${shown(wish)}`);
    if (isDone) {
      left.unshift(...(answer === undefined ? [] : [answer]));
      step = operation.next(null);
    } else if (wish.kind === "connect") step = operation.next(answer as boolean);
    else if (wish.kind === "move") step = operation.next(answer as never);
    else if (wish.kind === "read-lines") {
      step = operation.next({ lines: answer as string[], moved: "whole" });
    } else step = operation.next(reply(answer as string));
  }
  expect(left).toEqual([]);
  return { said, result: step.value };
}

const LOGIN = { user: "ann", password: "secret", tls: false };
const NO_FEATURES = "500 what?";

function loggedIn(features = NO_FEATURES): Dialogue {
  const dialogue = new Dialogue();
  const utf8 = features.includes("UTF8") ? ["200 ok"] : [];
  run(dialogue.logIn(LOGIN), ["220 hi", "331 and?", "230 in", features, ...utf8]);
  return dialogue;
}

describe("login", () => {
  test("a name, a password, and what the server can do", () => {
    const dialogue = new Dialogue();
    const answers = [
      "220 hi",
      "331 and?",
      "230 in",
      "211 Features/  UTF8/  MLST type*;/ End",
      "200 ok",
    ];
    const { said } = run(dialogue.logIn(LOGIN), answers);
    expect(said).toEqual(["hear", "USER ann", "PASS secret", "FEAT", "OPTS UTF8 ON"]);
    expect([dialogue.has("MLST"), dialogue.has("UTF8"), dialogue.has("End")]).toEqual([
      ...[true, true, false],
    ]);
  });

  test("with TLS nothing of it is said before, and data is protected", () => {
    const dialogue = new Dialogue();
    const answers = ["220 hi", "234 go", "331 and?", "230 in", "200 ok", "200 ok", NO_FEATURES];
    const { said } = run(dialogue.logIn({ ...LOGIN, tls: true }), answers);
    expect(said).toEqual([
      ...["hear", "AUTH TLS", "secure", "USER ann", "PASS secret", "PBSZ 0", "PROT P", "FEAT"],
    ]);
    expect(dialogue.protectsData).toBe(true);
  });

  test("a server without TLS is told no password", () => {
    const refused = (): unknown =>
      run(new Dialogue().logIn({ ...LOGIN, tls: true }), ["220 hi", "500 what?"]);
    expect(refused).toThrow(RefusedError);
  });

  test.each([
    [
      ["120 soon", "220 hi", "230 in", NO_FEATURES],
      ["hear", "hear", "USER ann", "FEAT"],
    ],
    [
      ["220 hi", "230 in", NO_FEATURES],
      ["hear", "USER ann", "FEAT"],
    ],
  ])("%j", (answers, expected) => {
    expect(run(new Dialogue().logIn(LOGIN), answers).said).toEqual(expected);
  });

  test.each([
    [["421 full"], "greeting"],
    [["220 hi", "530 no"], "login"],
    [["220 hi", "331 and?", "530 wrong"], "login"],
    [["220 hi", "331 and?", "332 account?"], "login"],
  ])("%j is refused: %s", (answers, what) => {
    const refused = (): unknown => run(new Dialogue().logIn(LOGIN), answers);
    expect(refused).toThrow(`${what}: the server says ${answers.at(-1)!}`);
  });
});

describe("files", () => {
  test("a file is got, from where it broke off", () => {
    const dialogue = loggedIn();
    const answers = ["200 I", "229 (|||4000|)", true, "350 at 5", "150 comes", "whole", "226 done"];
    expect(run(dialogue.retrieve("a b", 5), answers).said).toEqual([
      ...["TYPE I", "EPSV", ":4000", "REST 5", "RETR a b", "move", "hear"],
    ]);
    const again = ["229 (|||4001|)", true, "150 comes", "whole", "226 done"];
    expect(run(dialogue.retrieve("c", 0), again).said).toEqual([
      ...["EPSV", ":4001", "RETR c", "move", "hear"],
    ]);
  });

  test("what only knows PASV is asked by PASV, and then always; its address is not looked at", () => {
    const dialogue = loggedIn();
    const first = [
      "200 I",
      "500 what?",
      "227 (10,0,0,9,15,160)",
      true,
      "150 go",
      "whole",
      "226 ok",
    ];
    expect(run(dialogue.store("a", 0), first).said).toEqual([
      ...["TYPE I", "EPSV", "PASV", ":4000", "STOR a", "move", "hear"],
    ]);
    const second = ["227 (10,0,0,9,15,161)", true, "150 go", "whole", "226 ok"];
    expect(run(dialogue.store("a", 0), second).said.slice(0, 2)).toEqual(["PASV", ":4001"]);
  });

  test.each<[string, Answer[], unknown]>([
    ["a file that is not there", ["200 I", "229 (|||4000|)", true, "550 none"], RefusedError],
    ["no way to the port", ["200 I", "229 (|||4000|)", false], TransferError],
    ["no port told", ["200 I", "229 nonsense", "227 nonsense"], RefusedError],
    ["the end of the session", ["200 I", "421 bye"], RefusedError],
    [
      "broken on both sides",
      ["200 I", "229 (|||4000|)", true, "150 go", "broken", "426 broken"],
      RefusedError,
    ],
    [
      "broken here, and whole for the server",
      ["200 I", "229 (|||4000|)", true, "150 go", "broken", "226 done"],
      TransferError,
    ],
    [
      "whole here, and not for the server",
      ["200 I", "229 (|||4000|)", true, "150 go", "whole", "451 failed"],
      RefusedError,
    ],
  ])("%s is an error", (_, answers, error) => {
    expect(() => run(loggedIn().retrieve("a", 0), answers)).toThrow(error);
  });

  test("where REST is refused, a get begins anew, and a put goes on by APPE", () => {
    const answers = ["200 I", "229 (|||4000|)", true, "502 no", "150 go", "whole", "226 ok"];
    expect(run(loggedIn().retrieve("a", 5), answers).said.slice(3)).toEqual([
      ...["REST 5", "begin-anew", "RETR a", "move", "hear"],
    ]);
    expect(run(loggedIn().store("a", 5), answers).said.slice(3)).toEqual([
      ...["REST 5", "APPE a", "move", "hear"],
    ]);
  });

  test("what was given up ends with 257, however many answers are late", () => {
    const dialogue = loggedIn();
    run(dialogue.size("a"), ["200 I", "213 1"]);
    const answers = ["426 broken", "226 aborted", "225 nothing", "200 late", '257 "/"'];
    expect(run(dialogue.abandon(), answers).said).toEqual(["ABOR", "PWD", "hear", "hear", "hear"]);
    // Nobody knows what the last TYPE has become.
    expect(run(dialogue.size("a"), ["200 I", "213 1"]).said).toEqual(["TYPE I", "SIZE a"]);
    expect(() => run(dialogue.abandon(), Array<string>(20).fill("226 late"))).toThrow(RefusedError);
  });

  test("times", () => {
    const answers = ["213 20240229123005"];
    const expected = Date.UTC(2024, 1, 29, 12, 30, 5);
    expect(run(loggedIn().modified("a"), answers)).toEqual({ said: ["MDTM a"], result: expected });
    expect(run(loggedIn().modified("a"), ["500 what?"])).toMatchObject({ result: null });
    expect(run(loggedIn().modified("a"), ["213 yesterday"])).toMatchObject({ result: null });
  });

  test("sizes", () => {
    const dialogue = loggedIn();
    expect(run(dialogue.size("a"), ["200 I", "213 12"])).toMatchObject({ result: 12 });
    expect(run(dialogue.size("a"), ["550 none"])).toMatchObject({ result: null });
    expect(run(dialogue.size("a"), ["213 many"])).toMatchObject({ result: null });
  });
});

describe("lists", () => {
  const lines = ["type=cdir; .", "type=file;size=1; a", "type=dir; d", "nonsense"];

  test("by facts where there are any", () => {
    const dialogue = loggedIn("211 Features/  MLST type*;/ End");
    const answers = ["200 A", "229 (|||4000|)", true, "150 comes", lines, "226 done"];
    const { said, result } = run(dialogue.list("", 0), answers);
    expect(said).toEqual(["TYPE A", "EPSV", ":4000", "MLSD", "read-lines", "hear"]);
    expect(result.map(({ name, kind }) => `${kind} ${name}`)).toEqual(["file a", "folder d"]);
  });

  test("as people read them, if MLSD is not known after all", () => {
    const dialogue = loggedIn("211 Features/  MLST type*;/ End");
    const long = ["-rw-r--r-- 1 a b 7 Mar  3  2020 x"];
    const first = ["200 A", "229 (|||4000|)", true, "502 what?"];
    const answers = [...first, "229 (|||4001|)", true, "150 comes", long, "226 done"];
    const { said, result } = run(dialogue.list("", 0), answers);
    expect(said.slice(3)).toEqual(["MLSD", "EPSV", ":4001", "LIST", "read-lines", "hear"]);
    expect(result).toMatchObject([{ name: "x" }]);
  });

  test("what a folder with a hyphen is called, and one with nothing in it", () => {
    const answers = ["200 A", "229 (|||4000|)", true, "550 No files found"];
    const { said, result } = run(loggedIn().list("-la", 0), answers);
    expect([said.at(-1), result]).toEqual(["LIST ./-la", []]);
  });

  test("one entry: by facts, else by its size and time", () => {
    const facts = loggedIn("211 Features/  MLST type*;/ End");
    const told = run(facts.info("d/a"), ["250 Facts/  type=file;size=5; a/ End"]);
    expect(told.result).toMatchObject({ name: "d/a", kind: "file", size: 5 });
    expect(() => run(facts.info("a"), ["250 nothing"])).toThrow(RefusedError);
    expect(() => run(facts.info("a"), ["550 none"])).toThrow(RefusedError);
    const known = run(loggedIn().info("a"), ["200 I", "213 5", "213 20240229123005"]);
    expect(known.said).toEqual(["TYPE I", "SIZE a", "MDTM a"]);
    expect(known.result).toMatchObject({ kind: "file", size: 5 });
    expect(() => run(loggedIn().info("a"), ["200 I", "550 no", "550 no"])).toThrow(RefusedError);
  });

  test("as people read them else", () => {
    const long = ["total 2", "-rw-r--r-- 1 a b 7 Mar  3  2020 x"];
    const answers = ["200 A", "229 (|||4000|)", true, "150 comes", long, "226 done"];
    const { said, result } = run(loggedIn().list("/d", 0), answers);
    expect(said[3]).toBe("LIST /d");
    expect(result).toMatchObject([{ name: "x", size: 7 }]);
  });
});

describe("the rest", () => {
  test.each<[(dialogue: Dialogue) => Operation<unknown>, string[], string[], unknown]>([
    [(it) => it.folder(), ['257 "/a ""b""" is it'], ["PWD"], '/a "b"'],
    [(it) => it.enter("d"), ["250 ok"], ["CWD d"], undefined],
    [(it) => it.remove("f"), ["250 ok"], ["DELE f"], undefined],
    [(it) => it.makeFolder("d"), ["257 ok"], ["MKD d"], undefined],
    [(it) => it.removeFolder("d"), ["250 ok"], ["RMD d"], undefined],
    [(it) => it.rename("a", "b"), ["350 and?", "250 ok"], ["RNFR a", "RNTO b"], undefined],
    [(it) => it.quit(), ["221 bye"], ["QUIT"], undefined],
  ])("%s", (operation, answers, said, result) => {
    expect(run(operation(loggedIn()), answers)).toEqual({ said, result });
  });

  test.each(["a\nQUIT", "a\rb", "a\0b"])("%j would be more than one command", (name) => {
    expect(() => run(loggedIn().remove(name), ["250 ok"])).toThrow(RangeError);
  });

  test("a folder that is told in no quotes is none", () => {
    expect(() => run(loggedIn().folder(), ["257 somewhere"])).toThrow(RefusedError);
  });
});
