/** Every reason for which a connection closes: how it comes about, and what one is told. */
import { describe, expect, it } from "vitest";

import {
  CLOSE_REASONS,
  lines,
  type Callbacks,
  type CloseReason,
  type Connection,
  type ReactorOptions,
  type ServeOptions,
} from "iomux";

import { local } from "../support/certificates.ts";
import {
  type Guest,
  onEveryServer,
  sendUntilStuck,
  type Serving,
  servingLines,
} from "../support/serving.ts";

interface Case {
  readonly options?: ServeOptions<Buffer>;
  readonly callbacks?: Callbacks<Buffer, undefined>;
  readonly reactor?: ReactorOptions;
  /** Makes it happen; answers the connection if that is another one than the guest's. */
  provoke(served: Serving, guest: Guest): unknown;
  /** `connection.error` in the end: its code, its message, or null. */
  readonly error: RegExp | null;
}

const advance =
  (ms: number) =>
  ({ world }: Serving): Promise<void> =>
    world.advance(ms);

const CASES: Record<CloseReason, Case> = {
  end: {
    provoke: (_, { peer }) => peer.end("bye\n"),
    error: null,
  },
  local: {
    provoke: async ({ world }, { connection, peer }) => {
      connection.end();
      await world.until(() => peer.ended, "our end");
      peer.end();
    },
    error: null,
  },
  abort: {
    provoke: (_, { connection }) => connection.abort(new Error("we had enough")),
    error: /^we had enough$/,
  },
  reset: {
    // A Unix-domain socket learns that its peer is gone when it is written to.
    callbacks: { end: (connection) => void connection.send(Buffer.from("still there?")) },
    provoke: (_, { peer }) => peer.reset(),
    error: /^(ECONNRESET|EPIPE)$/,
  },
  error: {
    provoke: async ({ world, reactor, server }) => {
      const listener = await world.run(reactor.listen(world.address()));
      const { localAddress } = listener;
      listener.close();
      await world.run(listener.closed);
      return server.take(reactor.connect(localAddress!));
    },
    error: /^(ECONNREFUSED|ENOENT)$/,
  },
  tls: {
    provoke: async ({ world }, { connection, peer }) => {
      connection.startTls({ server: local });
      await world.settle();
      peer.write("no TLS at all");
    },
    error: /^ERR_SSL_WRONG_VERSION_NUMBER$/,
  },
  handshake: { options: { handshakeMs: 100 }, provoke: advance(100), error: /handshakeMs/ },
  idle: { options: { idleMs: 100 }, provoke: advance(100), error: /idleMs/ },
  "write-stalled": {
    options: { writeProgressMs: 100 },
    provoke: async (served, guest) => {
      await sendUntilStuck(served, guest);
      await served.world.advance(150);
    },
    error: /writeProgressMs/,
  },
  lifetime: { options: { lifetimeMs: 100 }, provoke: advance(100), error: /lifetimeMs/ },
  overflow: {
    provoke: async (served, guest) => {
      await sendUntilStuck(served, guest);
      expect(guest.connection.send(Buffer.alloc(1024 * 1024))).toBe(false);
    },
    error: /maxOutputBytes 1048576/,
  },
  budget: {
    reactor: { maxBufferedBytes: 500_000 },
    provoke: async (served, guest) => {
      await sendUntilStuck(served, guest);
      expect(guest.connection.send(Buffer.alloc(500_000))).toBe(true);
    },
    error: /^IOMUX_OVER_BUDGET$/,
  },
  protocol: {
    options: { framer: () => lines({ maxBytes: 8, overLong: "close" }) },
    provoke: (_, { peer }) => peer.write("over-long line\n"),
    error: /^IOMUX_FRAME_TOO_LONG$/,
  },
  "handler-error": {
    callbacks: {
      frame: () => {
        throw new Error("a bug");
      },
    },
    provoke: (_, { peer }) => peer.write("hello\n"),
    error: /^a bug$/,
  },
  shutdown: {
    provoke: (served, { peer }) => {
      void served.server.close();
      peer.end();
    },
    error: null,
  },
};

describe("reasons", () => {
  it("each of CLOSE_REASONS has its case here, and no other", () => {
    expect(Object.keys(CASES).sort()).toEqual([...CLOSE_REASONS].sort());
  });
});

onEveryServer("reasons", (world) => {
  it.each(CLOSE_REASONS)(
    "%s: told once, kept in reason, state and error, counted",
    async (reason) => {
      const { options, callbacks, reactor, provoke, error } = CASES[reason];
      const served = await servingLines(world(), options, callbacks, reactor);
      // Shown where there is TLS, and where it has yet to begin.
      if (reason === "tls" && (!served.reactor.capabilities.tls || world().secure)) return;
      const guest = await served.join();
      const connection = ((await provoke(served, guest)) ?? guest.connection) as Connection;
      expect(await served.closedFor(connection)).toBe(reason);
      await world().settle();
      expect(served.reasonsOf(connection)).toEqual([reason]);
      expect(connection).toMatchObject({ state: "closed", reason, backlog: 0 });
      if (error === null) expect(connection.error).toBeNull();
      else {
        const { code, message } = connection.error as NodeJS.ErrnoException;
        expect([code, message].some((text) => text !== undefined && error.test(text))).toBe(true);
      }
      expect(served.server.stats().closed).toEqual(
        Object.fromEntries(CLOSE_REASONS.map((each) => [each, each === reason ? 1 : 0])),
      );
      expect(served.server.connections.has(connection)).toBe(false);

      // Whatever is called now has no effect, and throws nothing.
      expect(connection.send(Buffer.from("late"))).toBe(false);
      connection.pause();
      connection.resume();
      connection.establish();
      connection.upgrade(lines());
      connection.end();
      connection.abort(new Error("late"));
      await world().advance(1_000_000);
      expect(served.reasonsOf(connection)).toEqual([reason]);
      expect(connection.reason).toBe(reason);
      expect(served.reactor.stats().timers).toBe(served.timersBefore);
    },
  );

  it("close is not called inside the call that closes", async () => {
    const served = await servingLines(world());
    const { connection } = await served.join();
    connection.abort();
    expect([connection.state, served.closed.size]).toEqual(["closed", 0]);
    expect(await served.closedFor(connection)).toBe("abort");
  });

  it("abort: also if somebody else closes the channel", async () => {
    const served = await servingLines(world());
    const { connection } = await served.join();
    connection.channel.abort();
    expect(await served.closedFor(connection)).toBe("abort");
  });
});

/** Callbacks that fail, and how to have them called. */
const FAILING: [keyof Callbacks<Buffer, undefined>, (served: Serving, guest: Guest) => unknown][] =
  [
    ["open", () => undefined],
    ["frame", (_, { peer }) => peer.write("hello\n")],
    ["refused", (_, { peer }) => peer.write("over-long line\n")],
    [
      "drain",
      async (served, guest) => {
        await sendUntilStuck(served, guest);
        guest.connection.send(Buffer.alloc(100_000));
        guest.peer.resume();
      },
    ],
    ["end", (_, { peer }) => peer.end()],
  ];
const WAYS: [string, () => unknown][] = [
  [
    "throws",
    () => {
      throw new Error("a bug");
    },
  ],
  ["rejects", () => Promise.reject(new Error("a bug"))],
  [
    "throws what is no Error",
    () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw "a bug";
    },
  ],
];
const FAILURES = FAILING.flatMap(([name, provoke]) =>
  WAYS.map(([how, fail]) => [name, how, provoke, fail] as const),
);

onEveryServer("handler-error", (world) => {
  it.each(FAILURES)("%s %s: reported, and costs its own connection", async (...given) => {
    const [name, , provoke, fail] = given;
    let fails = true;
    const served = await servingLines(
      world(),
      { framer: () => lines({ maxBytes: 8 }) },
      { [name]: (): unknown => (fails ? fail() : undefined) },
    );
    const guest = await served.join();
    const { connection } = guest;
    await provoke(served, guest);
    expect(await served.closedFor(connection)).toBe("handler-error");
    expect(connection.error!.message).toContain("a bug");
    await world().settle();
    expect(served.reports.map(({ error }) => error.message)).toEqual([connection.error!.message]);
    expect(served.reactor.stats().handlerErrors).toBe(1);
    fails = false;
    expect((await served.join()).connection.state).toBe("open");
  });
});

onEveryServer("a peer that is lost while it is not read", (world) => {
  it.each(["paused", "held"])("while %s: closed at once if nothing of it waits", async (how) => {
    const served = await servingLines(world(), {}, { frame: () => new Promise(() => undefined) });
    const { connection, peer } = await served.join();
    if (how === "paused") connection.pause();
    else {
      peer.write("job\n");
      await world().until(() => served.frames.length === 1, "the job");
    }
    if (world().family === "unix") {
      // Its end is unconfirmed, and in order: what is left is told once it is read.
      peer.reset();
      await world().settle();
      connection.send(Buffer.from("there?"));
    } else peer.reset();
    expect(await served.closedFor(connection)).toBe("reset");
  });

  it("while bytes of it wait: after unreadMs at the latest", async () => {
    const served = await servingLines(world(), {}, {}, { unreadMs: 500 });
    const { connection, peer } = await served.join();
    connection.pause();
    peer.write("unread\n");
    await world().until(() => connection.channel.unread > 0, "the bytes");
    peer.reset();
    await world().settle();
    if (world().family === "unix") connection.send(Buffer.from("there?"));
    await world().settle();
    expect(connection.state).toBe("open");
    await world().advance(500);
    expect(await served.closedFor(connection)).toBe("reset");
  });
});
