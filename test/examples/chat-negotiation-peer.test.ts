/** telnet at a terminal, which negotiates; and a line that hands its bytes on one by one. */
import { spawnSync } from "node:child_process";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TIMING_MARK_ANSWER } from "../../examples/telnet/filter.ts";
import {
  cleanUp,
  complaints,
  endRoom,
  openRoom,
  Person,
  runInTerminal,
  UNLIMITED,
  type Room,
  type Running,
} from "./chat-process.ts";

const required = process.env.IOMUX_REQUIRE_PEERS === "1";

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { input: "", timeout: 5000 }).error === undefined;
}

const absent = !required && !(runs("telnet") && runs("script", "--version"));

const IAC = 255;
const CTRL_C = "\x03";
const ESCAPE = "\x1d";

afterAll(cleanUp);

/** Between telnet and the room: what telnet sends goes on byte by byte. */
class Slicer {
  /** Fulfilled when the room has refused a timing mark. */
  readonly refused: Promise<void>;
  #refuse = (): void => {};
  #commanded = (): void => {};
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  static async open(room: Room): Promise<Slicer> {
    const slicer = new Slicer(room);
    await new Promise<void>((resolve) => slicer.#server.listen(0, "127.0.0.1", resolve));
    return slicer;
  }

  private constructor(room: Room) {
    this.refused = new Promise((resolve) => {
      this.#refuse = resolve;
    });
    this.#server = createServer((telnet) => {
      const chat = connect(room.address).setNoDelay();
      this.#sockets.push(telnet, chat);
      for (const socket of [telnet, chat]) socket.on("error", () => {});
      telnet.on("data", (bytes: Buffer) => {
        for (const byte of bytes) {
          if (byte === IAC) this.#commanded();
          chat.write(Buffer.of(byte));
        }
      });
      telnet.on("end", () => chat.end());
      chat.on("data", (bytes: Buffer) => {
        telnet.write(bytes);
        if (bytes.includes(TIMING_MARK_ANSWER)) this.#refuse();
      });
      chat.on("end", () => telnet.end());
    });
  }

  /** Resolves when telnet says something to telnet. */
  command(): Promise<void> {
    return new Promise((resolve) => {
      this.#commanded = resolve;
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe.skipIf(absent)("real peer: telnet at a terminal, byte by byte", () => {
  let room: Room;
  let slicer: Slicer;
  let watcher: Person;
  let telnet: Running;

  beforeAll(async () => {
    room = await openRoom(...UNLIMITED, "--locale", "zh");
    slicer = await Slicer.open(room);
    watcher = await Person.join(room, "watcher");
    telnet = runInTerminal(["telnet", "127.0.0.1", `${slicer.port}`]);
    await telnet.out.until(/^请问您叫什么名字？/);
    type("张三\r");
    await watcher.until("张三 进入聊天室");
  });

  afterAll(async () => {
    slicer.close();
    expect(await endRoom(room)).toEqual({ code: 0, signal: null });
    expect(complaints(room)).toEqual([]);
  });

  function type(keys: string): void {
    telnet.child.stdin!.write(keys);
  }

  test("Ctrl+C leaves nothing in the line, and does not make it deaf", async () => {
    const commanded = slicer.command();
    type(CTRL_C);
    await commanded;
    // Until then telnet throws away what comes.
    await slicer.refused;
    watcher.say("are you there?");
    await telnet.out.until(/watcher 说：are you there\?/);
    type("yes\r");
    expect(await watcher.until(/^张三 说/)).toBe("张三 说：yes");
  });

  test.each(["do echo", "will binary", "ayt", "nop", "ga", "ip"])(
    "%s is no part of a line",
    async (what) => {
      const commanded = slicer.command();
      type(`${ESCAPE}send ${what}\r`);
      await commanded;
      type(`after ${what}\r`);
      expect(await watcher.until(/^张三 说/)).toBe(`张三 说：after ${what}`);
    },
  );

  test("leaves when it is told to quit", async () => {
    type(`${ESCAPE}quit\r`);
    expect(await telnet.ended).toEqual({ code: 0, signal: null });
    await watcher.until("张三 退出了聊天室");
  });
});
