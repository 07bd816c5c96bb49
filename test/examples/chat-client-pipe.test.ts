/** The client in a pipe: plain lines, and exit statuses. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

import { ChatServer, cleanUpClients, runClient } from "./chat-client-process.ts";
import {
  cleanUp,
  endRoom,
  openRoom,
  Person,
  temporaryFolder,
  type Running,
} from "./chat-process.ts";

afterAll(async () => {
  await cleanUpClients();
  cleanUp();
});

const QUICK = ["--retry-first-ms", "20", "--retry-max-ms", "20"];

function say(client: Running, line: string): void {
  client.child.stdin!.write(`${line}\n`);
}

/** Ends the input, and answers the exit status and what was said on stderr. */
async function end(client: Running): Promise<[number | null, readonly string[]]> {
  client.child.stdin!.end();
  const { code } = await client.ended;
  return [code, client.err.lines];
}

describe("against the chat room", () => {
  test("it enters, hears and says plain lines, and ends with its input", async () => {
    const room = await openRoom("--path", join(temporaryFolder(), "room"));
    const bob = await Person.join(room, "bob");
    const client = runClient("--path", room.ncArguments[1]!, "--name", "张三");
    await client.out.until("What is your name?");
    await client.out.until("Hello 张三. Also here: bob.");
    await bob.until("张三 joined the chat");
    say(client, "你好");
    await bob.until("张三 says: 你好");
    bob.say("hello");
    await client.out.until("bob says: hello");
    client.child.stdin!.write("no end");
    expect(await end(client)).toEqual([0, []]);
    await bob.until("张三 says: no end");
    await bob.until("张三 left the chat");
    expect(client.out.lines).toHaveLength(3);
    expect(client.out.rest).toBe("");
    await endRoom(room);
  });

  test("what comes down the pipe at once is sent when the name is taken", async () => {
    const room = await openRoom();
    const bob = await Person.join(room, "bob");
    const client = runClient("--port", room.ncArguments[1]!);
    client.child.stdin!.write("ann\none\ntwo\n/quit\nthree\n");
    expect(await end(client)).toEqual([0, []]);
    await bob.until("ann left the chat");
    const heard = bob.log.lines.slice(-4);
    expect(heard).toEqual([
      "ann joined the chat",
      "ann says: one",
      "ann says: two",
      "ann left the chat",
    ]);
    await endRoom(room);
  });

  test("a name that is refused is exit status 3, and no message becomes a name", async () => {
    const room = await openRoom();
    const bob = await Person.join(room, "bob");
    const client = runClient("--port", room.ncArguments[1]!, "--name", "BOB");
    client.child.stdin!.write("this is no name\n");
    const why = 'chat-client: the name "BOB" was refused: The name BOB is taken.';
    expect(await end(client)).toEqual([3, [why]]);
    await bob.leave();
    expect(bob.log.lines.some((line) => line.includes("joined"))).toBe(false);
    await endRoom(room);
  });

  test("the end of the room is exit status 4", async () => {
    const room = await openRoom();
    const client = runClient("--port", room.ncArguments[1]!, "--name", "ann");
    await client.out.until(/^Hello/);
    await endRoom(room);
    expect(await client.ended).toEqual({ code: 4, signal: null });
    expect(client.out.lines.at(-1)).toBe("The chat is ending. Goodbye.");
    expect(client.err.lines).toEqual(["chat-client: the server has closed the chat"]);
  });

  test.each(["a Unix path", "a port"])(
    "a room that is killed with -9 and comes back on %s is entered again",
    async (where) => {
      const unix = ["--path", join(temporaryFolder(), "room")];
      const first = await openRoom(...(where === "a port" ? [] : unix));
      const address = where === "a port" ? ["--port", first.ncArguments[1]!] : unix;
      const client = runClient(...address, "--name", "ann", ...QUICK, "--retry-attempts", "10000");
      await client.out.until(/^Hello/);
      first.child.kill("SIGKILL");
      await first.ended;
      await client.err.until(
        /connection lost \(.*\), trying again in 0\.1 s \(attempt 1 of 10000\)/,
      );
      // Typed while nobody is there.
      say(client, "are you back?");
      await client.err.until(/cannot connect .*ECONNREFUSED.*attempt 2 of/);

      const second = await openRoom(...address);
      await client.out.until(/^Hello ann/);
      const bob = await Person.join(second, "bob");
      say(client, "hello");
      await bob.until("ann says: hello");
      expect((await end(client))[0]).toBe(0);
      await endRoom(second);
    },
  );
});

describe("a connection", () => {
  test("that is reset is made again; a line that was half typed is not sent twice", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", ...QUICK);
    const first = await server.member("ann");
    say(client, "one");
    await first.until("one");
    first.channel.abort();
    await client.err.until(/^chat-client: connection lost \(ECONNRESET\), trying again in 0\.1 s/);
    const second = await server.member("ann");
    say(client, "two");
    await second.until("two");
    expect((await end(client))[0]).toBe(0);
    expect(second.lines).toEqual(["ann", "two"]);
  });

  test("that ends without a goodbye is lost, in the language that was asked for", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", "--locale", "zh", ...QUICK);
    const first = await server.member("ann");
    first.channel.close();
    await client.err.until(
      "chat-client: 连接已断开（对方没有道别），0.1 秒后重试（第 1 次，最多 10 次）",
    );
    const second = await server.member("ann");
    second.say("聊天室即将关闭，再见。");
    second.channel.close();
    expect(await client.ended).toEqual({ code: 4, signal: null });
    expect(client.err.lines.at(-1)).toBe("chat-client: 服务器已关闭聊天室");
  });

  test("takes the new name when it is made again after /nick, or the old one", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", ...QUICK);
    const first = await server.member("ann");
    say(client, "/nick eve");
    await first.until("/nick eve");
    first.channel.abort();
    const second = await server.peer();
    second.say("Name?");
    await second.until("eve");
    second.say("The name eve is taken. Name?");
    await second.until("ann");
    second.say("Hello ann.");
    expect((await end(client))[0]).toBe(0);
  });

  test("that ends before the name was taken is not made again", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", ...QUICK);
    const peer = await server.peer();
    peer.say("The room is full.");
    peer.channel.close();
    expect(await client.ended).toEqual({ code: 4, signal: null });
    expect(client.out.lines).toEqual(["The room is full."]);
    expect(client.err.lines).toEqual(["chat-client: the server has closed the chat"]);
  });

  test("that cannot be made is exit status 4, at once", async () => {
    const path = join(temporaryFolder(), "nobody");
    const client = runClient("--path", path, "--name", "ann");
    say(client, "hello");
    expect(await client.ended).toEqual({ code: 4, signal: null });
    const why = `cannot connect to unix:${path}: there is no such path (ENOENT)`;
    // Whether the line had come by then is not known.
    expect(client.err.lines.map((line) => line.replace("; 1 line was not sent", ""))).toEqual([
      `chat-client: ${why}`,
    ]);
  });

  test("that cannot be made is tried so often as was said with --retry", async () => {
    const path = join(temporaryFolder(), "nobody");
    const flags = ["--name", "ann", "--retry", "--retry-attempts", "2", ...QUICK];
    const client = runClient("--path", path, ...flags);
    expect(await client.ended).toEqual({ code: 4, signal: null });
    const why = `chat-client: cannot connect to unix:${path}: there is no such path (ENOENT)`;
    expect(client.err.lines).toEqual([
      `${why}, trying again in 0.1 s (attempt 1 of 2)`,
      `${why}, trying again in 0.1 s (attempt 2 of 2)`,
      `${why}; gave up after 2 attempts`,
    ]);
    expect(existsSync(path)).toBe(false);
  });

  test("with --retry comes to stand when the room opens", async () => {
    const path = join(temporaryFolder(), "late");
    const flags = ["--name", "ann", "--retry", "--retry-attempts", "10000", ...QUICK];
    const client = runClient("--path", path, ...flags);
    say(client, "early");
    await client.err.until(/attempt 2 of/);
    const server = await ChatServer.open({ path });
    const peer = await server.member("ann");
    await peer.until("early");
    expect((await end(client))[0]).toBe(0);
  });
});

describe("the end", () => {
  test("of the input waits until all is sent and answered", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", "--queue-bytes", "4096");
    const peer = await server.member("ann");
    peer.reads = false;
    const lines = Array.from({ length: 30_000 }, (_, number) => `${number}`.padEnd(99, "."));
    client.child.stdin!.end(`${lines.join("\n")}\n`);
    // Far more than the queue, the pipe and the system hold together.
    peer.say("go on");
    await client.out.until("go on");
    expect(client.child.stdin!.writableFinished).toBe(false);
    peer.reads = true;
    await peer.left;
    expect(peer.lines).toEqual(["ann", ...lines]);
    expect(await client.ended).toEqual({ code: 0, signal: null });
    expect(client.err.lines).toEqual([]);
  });

  test("waits for the answer too", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann");
    const peer = await server.member("ann");
    peer.closesAtEnd = false;
    client.child.stdin!.end("bye\n");
    await peer.left;
    for (let number = 0; number < 1000; number++) peer.say(`answer ${number}`);
    peer.channel.close();
    expect(await client.ended).toEqual({ code: 0, signal: null });
    expect(client.out.lines).toHaveLength(1002);
    expect(client.out.lines.at(-1)).toBe("answer 999");
  });

  test("does not wait for ever: a server that stands still is exit status 4", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", "--end-ms", "50");
    const peer = await server.member("ann");
    peer.closesAtEnd = false;
    expect(await end(client)).toEqual([4, ["chat-client: the server does not answer any more"]]);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s sends what is queued, and is exit status 0",
    async (signal) => {
      const server = await ChatServer.open();
      const client = runClient(...server.flags, "--end-ms", "3600000");
      const peer = await server.peer();
      client.child.stdin!.write("ann\nqueued\n");
      peer.say("Name?");
      await peer.until("ann");
      client.child.kill(signal);
      peer.say("Hello ann.");
      await peer.left;
      expect(peer.lines).toEqual(["ann", "queued"]);
      expect(await client.ended).toEqual({ code: 0, signal: null });
    },
  );

  test("by a second SIGTERM does not wait for a server that stands still", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann", "--end-ms", "3600000");
    const peer = await server.member("ann");
    peer.closesAtEnd = false;
    client.child.kill("SIGTERM");
    await peer.left;
    client.child.kill("SIGTERM");
    expect(await client.ended).toEqual({ code: 143, signal: null });
  });

  test("comes when nobody reads what is shown", async () => {
    const server = await ChatServer.open();
    const client = runClient(...server.flags, "--name", "ann");
    const peer = await server.member("ann");
    await client.out.until("Hello ann.");
    client.child.stdout!.destroy();
    await client.out.over;
    peer.say("bob says: are you there?");
    await peer.left;
    expect(await client.ended).toEqual({ code: 0, signal: null });
    expect(client.err.lines).toEqual([]);
  });

  test("by wrong flags is one line and exit status 2", async () => {
    for (const [flags, why] of [
      [["--colour"], "Unknown option '--colour' (--help lists the flags)"],
      [["--path", "x".repeat(108)], /^path is 108 bytes, a Unix socket holds 107/],
    ] as const) {
      const client = runClient(...flags);
      expect(await client.ended).toEqual({ code: 2, signal: null });
      expect(client.out.lines).toEqual([]);
      expect(client.err.lines).toHaveLength(1);
      expect(client.err.lines[0]!.replace("chat-client: ", "")).toMatch(why);
    }
  });
});

test("a pipe gets no escape codes, and no line that is longer than was said", async () => {
  const server = await ChatServer.open();
  const client = runClient(...server.flags, "--name", "ann", "--line-bytes", "256");
  const peer = await server.member("ann");
  peer.send("bob says: \x1b[31mred\x1b]52;c;aGk=\x07 \u202edlrow\n");
  await client.out.until("bob says: red dlrow");
  peer.say("x".repeat(200_000));
  await client.out.until(`${"x".repeat(256)} [...]`);
  say(client, "y".repeat(70_000));
  await client.err.until("chat-client: not sent: the line is longer than 65535 bytes");
  say(client, "still here");
  await peer.until("still here");
  expect((await end(client))[0]).toBe(0);
});

test("a room that says more than is read waits, and nothing is lost", async () => {
  const server = await ChatServer.open();
  const client = runClient(...server.flags, "--name", "ann");
  const peer = await server.member("ann");
  await client.out.until("Hello ann.");
  client.child.stdout!.pause();
  const lines = Array.from({ length: 40_000 }, (_, number) => `${number}`.padEnd(99, "."));
  const sent = peer.sendAll(`${lines.join("\n")}\n`);
  // What the client says still leaves.
  say(client, "I cannot read");
  await peer.until("I cannot read");
  client.child.stdout!.resume();
  await sent;
  await client.out.until(lines.at(-1)!);
  expect(client.out.lines.slice(2)).toEqual(lines);
  expect((await end(client))[0]).toBe(0);
});
