/** Promises 18 to 22, 27 on pipes of real children. */
import { describe, expect, it } from "vitest";

import { createReactor, ERROR, formatMask, READABLE, WRITABLE, type Channel } from "iomux";

import { pass, until } from "../support/raw-pair.ts";
import { pattern, record } from "../support/record.ts";
import { child } from "../support/streams.ts";

/** Writes `pattern(total)` to `channel` as it has room, then ends it in order. */
function pour(channel: Channel, total: number, onDone: () => void): (ready: number) => void {
  let sent = 0;
  return () => {
    sent += channel.write(pattern(Math.min(channel.room, total - sent), sent));
    if (sent === total) onDone();
  };
}

describe("a child's stdin and stdout", () => {
  it("18, 19: megabytes through cat, with bounded queues, and both ends in order", async () => {
    await using reactor = createReactor();
    const cat = child("cat");
    const total = 6_000_000;
    const stdin = reactor.adopt(cat.stdin);
    const step = pour(stdin, total, () => {
      stdin.close();
    });
    reactor.register(stdin, WRITABLE, (_, ready) => {
      step(ready);
    });
    const stdout = reactor.adopt(cat.stdout);
    const { bytes, log } = record(reactor, stdout);
    let most = 0;
    await until(() => {
      most = Math.max(most, stdin.queued, stdout.unread);
      return stdout.ended;
    });
    expect(bytes().equals(pattern(total))).toBe(true);
    expect(most).toBeLessThanOrEqual(reactor.limits.highWaterMark);
    expect([log.at(-1), stdout.endConfirmed, stdin.state]).toEqual([
      "READABLE end",
      false,
      "closed",
    ]);
    stdout.close();
    await until(() => cat.exitCode !== null && stdout.state === "closed");
    expect([cat.exitCode, stdout.error, stdin.error]).toEqual([0, null, null]);
  });

  it("16, 18: a child that never reads: what it has not taken waits, bounded; abort() ends it", async () => {
    await using reactor = createReactor();
    const sleep = child("sleep", "60");
    const stdin = reactor.adopt(sleep.stdin);
    for (let quiet = 0; quiet < 20;) {
      quiet = stdin.write(Buffer.alloc(stdin.room)) === 0 ? quiet + 1 : 0;
      await pass();
    }
    const { queued } = stdin;
    expect([queued, stdin.room]).toEqual([reactor.limits.highWaterMark, 0]);
    stdin.abort();
    await until(() => sleep.stdin.destroyed);
    expect(stdin.queued).toBe(0);
  });

  it("20: one that closes its stdin early, and lives: EPIPE at a write", async () => {
    await using reactor = createReactor();
    const shell = child("sh", "-c", "exec 0<&-; echo closed; exec sleep 60");
    const said = record(reactor, reactor.adopt(shell.stdout));
    await until(() => said.bytes().length > 0);
    const seen: string[] = [];
    const { descriptor: stdin } = reactor.register(shell.stdin, READABLE, (_, ready) => {
      seen.push(formatMask(ready));
    });
    stdin.write(Buffer.from("to nobody"));
    await until(() => stdin.state === "closed");
    expect(seen).toEqual(["ERROR|HANGUP"]);
    expect(stdin.error).toMatchObject({
      code: "EPIPE",
      message: "writing to the Socket: its reader has gone and takes no more bytes (EPIPE)",
    });
  });

  it("20, 22: one that is killed: stdin is lost with EPIPE, stdout ends, unconfirmed", async () => {
    await using reactor = createReactor();
    const cat = child("cat");
    const masks: number[] = [];
    const { descriptor: stdin } = reactor.register(cat.stdin, READABLE, (_, ready) => {
      masks.push(ready);
    });
    const stdout = reactor.adopt(cat.stdout);
    const { log } = record(reactor, stdout);
    stdin.write(Buffer.from("before"));
    await until(() => log.length > 0);
    cat.kill("SIGKILL");
    await until(() => stdin.state === "closed" && stdout.ended);
    expect([masks.map((mask) => mask & ERROR), stdin.error]).toMatchObject([
      [ERROR],
      { code: "EPIPE" },
    ]);
    expect([log, stdout.endConfirmed]).toEqual([['READABLE "before"', "READABLE end"], false]);
  });

  it("one that ends by itself after our end: no error on either", async () => {
    await using reactor = createReactor();
    const count = child("wc", "-c");
    const stdin = reactor.adopt(count.stdin);
    const { bytes } = record(reactor, reactor.adopt(count.stdout));
    stdin.write(Buffer.alloc(100_000));
    stdin.shutdown();
    await until(() => stdin.state === "hung-up");
    expect(stdin.error).toBe(null);
    await until(() => bytes().length > 0);
    expect(bytes().toString().trim()).toBe("100000");
  });

  it("stdout and stderr apart; close() in the middle stops a child that would never end", async () => {
    await using reactor = createReactor({ lingerMs: 1 });
    const noisy = child("sh", "-c", "echo problem >&2; exec yes");
    const stderr = record(reactor, reactor.adopt(noisy.stderr));
    const stdout = reactor.adopt(noisy.stdout);
    await until(() => stdout.unread >= reactor.limits.inputMark && stderr.bytes().length > 0);
    // The mark, and one read of the system.
    expect(stdout.unread).toBeLessThan(reactor.limits.inputMark + 65_536);
    expect(stderr.bytes().toString()).toBe("problem\n");
    stdout.close();
    await until(() => noisy.exitCode !== null || noisy.signalCode !== null);
    expect([stdout.state, stdout.error]).toEqual(["closed", null]);
  });

  it("27: released, they are Node's again: a pipe goes on where the channel has stopped", async () => {
    await using reactor = createReactor();
    const [one, two] = [child("cat"), child("cat")];
    const stdin = reactor.adopt(one.stdin);
    const stdout = reactor.adopt(one.stdout);
    const total = 200_000;
    stdin.write(pattern(total));
    stdin.close();
    await until(() => stdout.unread > 1000);
    const head = stdout.read(1000)!;
    expect(await stdout.release()).toBe(one.stdout);
    one.stdout.pipe(two.stdin);
    const { bytes } = record(reactor, reactor.adopt(two.stdout));
    await until(() => bytes().length === total - 1000);
    expect(Buffer.concat([head, bytes()]).equals(pattern(total))).toBe(true);
    expect(one.stdout.listenerCount("error")).toBe(0);
  });
});
