/** One room on a port and a path: nc by both, telnet and the own client at terminals, and an admin. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { LOCALES, type Locale } from "../../examples/chat/texts.ts";
import { CLIENT_TEXTS } from "../../examples/chat/client-texts.ts";
import { cleanUpClients, Terminal } from "./chat-client-process.ts";
import {
  cleanUp,
  complaints,
  openRoom,
  run,
  runInTerminal,
  temporaryFolder,
  UNLIMITED,
  type Running,
} from "./chat-process.ts";

const required = process.env.IOMUX_REQUIRE_PEERS === "1";

function says(expected: string, command: string, ...args: string[]): boolean {
  const { error, stdout, stderr } = spawnSync(command, args, { input: "", encoding: "utf8" });
  return error === undefined && `${stdout}${stderr}`.includes(expected);
}

const absent =
  !required &&
  !(says("OpenBSD", "nc", "-h") && says("", "telnet") && says("util-linux", "script", "--version"));

afterAll(async () => {
  await cleanUpClients();
  cleanUp();
});

/** What somebody is shown, whatever shows it. */
interface Guest {
  type(line: string): void;
  shown(line: string | RegExp): Promise<unknown>;
  all(): string;
}

/** A program whose lines end as `end` says. */
function guest({ child, out }: Running, end: "" | "\r"): Guest {
  return {
    type: (line) => void child.stdin!.write(`${line}${end === "" ? "\n" : "\r"}`),
    shown: (line) => out.until(typeof line === "string" ? `${line}${end}` : line),
    all: () => [...out.lines, out.rest].join("\n"),
  };
}

function client(terminal: Terminal): Guest {
  return {
    type: (line) => {
      terminal.type(`${line}\r`);
    },
    shown: (line) =>
      terminal.screen.until((rows) =>
        rows.some((row) => (typeof line === "string" ? row === line : line.test(row))),
      ),
    all: () => terminal.raw,
  };
}

/** The sentences that the issue promises, word for word. */
const WORDS = {
  en: { joined: "joined the chat", says: " says: ", left: "left the chat", admin: "admin: " },
  zh: { joined: "进入聊天室", says: " 说：", left: "退出了聊天室", admin: "管理员：" },
} as const;

async function gathering(locale: Locale) {
  const path = join(temporaryFolder(), "room");
  const flags = ["--transcript", "on", "--locale", locale, "--history-lines", "100"];
  const limits = UNLIMITED.slice(0, 4);
  const room = await openRoom("--port", "0", "--path", path, ...flags, ...limits);
  const admin = guest(room, "");
  const tcp = run("nc", room.ncArguments);
  const unix = run("nc", ["-U", path]);
  const telnet = runInTerminal(["telnet", ...room.ncArguments]);
  const terminal = new Terminal(100, 60, "--path", path, "--locale", locale);
  const guests = [guest(tcp, ""), guest(unix, ""), guest(telnet, "\r"), client(terminal)] as const;
  return { room, admin, telnet, terminal, guests };
}

describe.skipIf(absent).each(["en", "zh"] as const)("real peers: everybody, in %s", (locale) => {
  const texts = LOCALES[locale];
  const words = WORDS[locale];

  test("comes, talks, whispers, asks, is muted, removed and sent home", async () => {
    const { room, admin, telnet, terminal, guests } = await gathering(locale);
    const [zhang, bob, telma, ann] = guests;
    const all = (line: string, ...but: Guest[]): Promise<unknown> =>
      Promise.all(guests.filter((one) => !but.includes(one)).map((one) => one.shown(line)));

    await all(texts.askName);
    zhang.type("张三");
    await zhang.shown(texts.welcome("张三", [], 0));
    const refused = [texts.nameRefused("empty", 32), texts.nameTaken("张三")];
    for (const name of ["", "张三"]) bob.type(name);
    for (const why of refused) await bob.shown(`${why} ${texts.askName}`);
    telma.type("admin");
    await telma.shown(`${texts.nameRefused("reserved", 32)} ${texts.askName}`);
    ann.type("a\u200bb");
    await ann.shown(`${texts.nameRefused("unprintable", 32)} ${texts.askName}`);
    const present = ["张三"];
    for (const [who, name] of [
      [bob, "bob"],
      [telma, "telma"],
      [ann, "ann"],
    ] as const) {
      who.type(name);
      await who.shown(texts.welcome(name, present, present.length));
      await zhang.shown(`${name} ${words.joined}`);
      present.push(name);
    }

    zhang.type("hello");
    await all(`张三${words.says}hello`, zhang);
    bob.type("你好");
    await all(`bob${words.says}你好`, bob);
    telma.type("bonjour");
    await all(`telma${words.says}bonjour`, telma);
    ann.type("/me 在笑");
    await all("* ann 在笑", ann);
    ann.type("/msg telma psst");
    await telma.shown(texts.whispered("ann", "psst"));
    await ann.shown(texts.whisperSent("telma", "psst"));
    bob.type("/nick Bob Roe");
    await bob.shown(texts.youAre("Bob Roe"));
    await all(texts.renamed("bob", "Bob Roe"), bob);
    ann.type("/nick 张三");
    await ann.shown(texts.nameTaken("张三"));
    telma.type("/who");
    await telma.shown(texts.who(["张三", "Bob Roe", "telma", "ann"], 4));
    zhang.type("/history 2");
    await zhang.shown(new RegExp(`^\\[\\d\\d:\\d\\d\\] telma${words.says}bonjour$`));
    await zhang.shown(/^\[\d\d:\d\d\] \* ann 在笑$/);

    admin.type("大家好");
    await all(`${words.admin}大家好`);
    admin.type("/mute Bob Roe 60");
    await bob.shown(texts.mutedYou(60));
    bob.type("not heard");
    await bob.shown(
      /^(You are muted for \d+ s more: that line was|您还将被禁言 \d+ 秒：这一行没有)/,
    );
    bob.type("/who");
    await bob.shown(/^(Here are|在线) 4/);
    admin.type("/who");
    await admin.shown(/^Bob Roe(, unix:|，unix:).*60/);
    admin.type("/explain ann");
    await admin.shown(new RegExp(`^${texts.explained("ann", "unix:.*", "open", 0)}$`));
    admin.type("/stats");
    await admin.shown(/^(Connections: 4 now|连接：现有 4 个)/);
    await admin.shown(/^(The program|程序)[:：].* \d+ /);
    admin.type("/kick telma");
    await telma.shown(texts.removedYou);
    expect((await telnet.ended).signal).toBe(null);
    for (const one of [zhang, bob, ann]) await one.shown(texts.removed("telma"));
    bob.type("/quit");
    await bob.shown(texts.goodbye);
    await zhang.shown(`Bob Roe ${words.left}`);

    admin.type("/shutdown");
    expect(await room.ended).toEqual({ code: 0, signal: null });
    for (const one of [zhang, ann]) await one.shown(texts.ending(0));
    await ann.shown(`-- ${CLIENT_TEXTS[locale].closedByServer}`);
    await terminal.until("cooked");
    expect(terminal.screen.text.at(-2)).toBe("exit 4");
    expect(complaints(room)).toEqual([]);

    const psst = guests.map((one) => one.all().includes("psst"));
    expect(psst).toEqual([false, false, true, true]);
    for (const one of [zhang, telma, ann, admin]) expect(one.all()).not.toContain("not heard");
    expect(admin.all()).not.toContain("psst");
    // Nobody is shown its own line again.
    expect(zhang.all()).not.toContain(`张三${words.says}hello`);
  });
});

describe.skipIf(absent)("real peers: what a terminal would obey", () => {
  /** Controls but the ends of lines, C1 controls, what turns the direction, and broken UTF-8. */
  // eslint-disable-next-line no-control-regex
  const HARMFUL = /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd]/;

  test("reaches neither another member's nor the administrator's", async () => {
    const { admin, guests } = await gathering("en");
    const [eve, bob, telma, ann] = guests;
    for (const [who, name] of [
      [bob, "bob"],
      [telma, "telma"],
      [ann, "ann"],
    ] as const) {
      who.type(name);
      await who.shown(new RegExp(`^Hello ${name}`));
    }
    eve.type("e\x1b]0;owned\x07v\u202ee");
    eve.type("eve");
    await eve.shown(/^Hello/);
    const attacks = [
      ...[
        "\x1b]0;owned\x07title",
        "\x1b]8;;http://x\x1b\\link",
        "\x1bP$q\x1b\\dcs",
        "\x1b[6n\x1bc",
      ],
      ...["\u009b2Jc1", "\u009d0;owned\u009cc1", "\x9b2J", "a\rb\bc\x07d\x0ee\x7f"],
      ...["\u202egnp.exe", "\u2066\u2067\u2068\u2069", "tab\tulator\x0b\x0c"],
    ];
    for (const attack of attacks) {
      for (const form of ["", "/me ", "/msg bob ", "/msg ", "/nick ", "/", "/history "]) {
        eve.type(`${form}${attack}`);
      }
    }
    // The last name that eve took is one without any of this.
    eve.type("/nick eve");
    eve.type("done");
    for (const one of [bob, telma, ann, admin]) await one.shown("eve says: done");
    admin.type("/who");
    await admin.shown(/^eve, 127\.0\.0\.1:/);
    for (const one of [eve, bob, telma, admin]) {
      // Of telnet's own words, one tells its escape character.
      expect(one.all().replaceAll("\r\n", "\n")).not.toMatch(HARMFUL);
    }
    const raw = ann
      .all()
      .match(/\x1b[^[]|owned\x07|[\u0080-\u009f\u202a-\u202e\u2066-\u2069\x07]/g); // eslint-disable-line no-control-regex
    expect(raw).toBe(null);
  });
});
