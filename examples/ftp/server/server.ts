/** The file server on the library's server: connections are control connections, frames their lines. */
import { formatAddress, lines, serve } from "iomux";
import type { Reactor, Server, SocketAddress, TurnedAway } from "iomux";

import { BufferPool } from "../../files/buffer-pool.ts";
import { ControlConnection, type Client, type ControlSettings } from "./control-connection.ts";
import type { ServerSettings } from "./flags.ts";
import { LABEL } from "./label.ts";
import { rateLimit } from "./rate.ts";
import { toldSessions, type ServerStatus } from "./status.ts";
import { formatReply, reply } from "../replies.ts";
import { DEFAULT_SESSION_LIMITS, type TlsPolicy } from "../state.ts";

/** Milliseconds in which transfers are broken off, and then in which the last replies leave. */
export const GOODBYE_MS = 1000;

type Given = "store" | "login" | "random" | "wallMs" | "onTransfer" | "report" | "tls";

export interface FileServerOptions extends Pick<ControlSettings, Given> {
  readonly settings: ServerSettings;
  readonly tlsPolicy: TlsPolicy;
  /** Passwords that are looked at, and that wait for it. Default: nobody counts them. */
  readonly logins?: () => ServerStatus["logins"];
}

export class FileServer {
  readonly #reactor: Reactor;
  readonly #pool: BufferPool;
  readonly #options: FileServerOptions;
  readonly #startedMs: number;
  #server: Server<Buffer, ControlConnection> | null = null;
  #closing: Promise<void> | null = null;
  #onOver: (() => void) | null = null;

  private constructor(reactor: Reactor, pool: BufferPool, options: FileServerOptions) {
    this.#reactor = reactor;
    this.#pool = pool;
    this.#options = options;
    this.#startedMs = options.wallMs();
  }

  /** Rejects with one line if an address cannot be had. */
  static async open(reactor: Reactor, options: FileServerOptions): Promise<FileServer> {
    const { settings } = options;
    const given = controlSettings(reactor, options);
    const files = new FileServer(reactor, given.pool, options);
    const onOver = (): void => {
      files.#onOver?.();
    };
    const control = { ...given, onOver };
    const served = {
      listen: settings.listen,
      label: LABEL,
      framer: () => lines({ maxBytes: settings.commandBytes, overLong: "refuse" as const }),
      keepAlive: true,
      maxConnections: settings.sessions,
      maxConnectionsPerAddress: settings.perAddress,
      acceptsPerSecond: settings.sessionsPerSecond,
      handshakeMs: settings.loginSeconds * 1000,
      writeProgressMs: settings.stallSeconds * 1000,
    };
    files.#server = await serve<Buffer, ControlConnection>(reactor, served, {
      open: (client) => {
        files.#open(client, control);
      },
      frame: (client, bytes) => {
        client.data.tell({ kind: "line", bytes });
      },
      refused: (client) => {
        client.data.tell({ kind: "long-line" });
      },
      secure: (client) => {
        client.data.secured();
      },
      expire: (client) => {
        client.data.tell({ kind: "expired", what: "login" });
      },
      end: (client) => {
        client.data.ended();
      },
      close: (client) => {
        client.data.closed();
      },
      turnedAway: (why, _, channel) => {
        channel.write(formatReply(reply(421, files.#farewell(why))));
      },
    });
    return files;
  }

  get addresses(): readonly SocketAddress[] {
    return this.#server!.addresses;
  }

  /** Sessions that stand. */
  get sessions(): number {
    return this.#server!.connections.size;
  }

  /** Large buffers that transfers have. */
  get buffers(): number {
    return this.#pool.taken;
  }

  status(): ServerStatus {
    const { settings, wallMs, logins } = this.#options;
    const { connections } = this.#server!;
    const sessions = Array.from(connections, ({ data }) => data.status());
    const { bytesIn, bytesOut, bufferedBytes } = this.#reactor.stats();
    const refused = Object.values(this.#server!.stats().turnedAway);
    return {
      ...{ nowMs: this.#reactor.now(), wallMs: wallMs(), startedMs: this.#startedMs },
      addresses: this.addresses.map(formatAddress),
      sessions: { taken: sessions.length, of: settings.sessions },
      transfers: sessions.filter(({ doing }) => doing.kind === "transfer").length,
      refused: refused.reduce((sum, count) => sum + count, 0),
      ...{ received: bytesIn, sent: bytesOut },
      memory: { taken: bufferedBytes, of: settings.memoryBytes },
      buffers: { taken: this.#pool.taken, of: this.#pool.size },
      logins: logins?.() ?? { running: 0, waiting: 0 },
      told: toldSessions(sessions),
    };
  }

  /** No new sessions; transfers that run may finish within `drainMs`, and are broken off then. */
  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  assertInvariants(): void {
    this.#server!.assertInvariants();
  }

  #open(client: Client, control: ControlSettings): void {
    client.data = new ControlConnection(client, control);
    client.data.begin();
    if (this.#closing !== null) client.data.tell({ kind: "shutdown" });
  }

  async #close(drainMs: number): Promise<void> {
    const { connections } = this.#server!;
    for (const { data } of connections) data.tell({ kind: "shutdown" });
    await this.#allOver(drainMs);
    for (const { data } of connections) data.tell({ kind: "deadline" });
    // What is broken off is told so once it is put away.
    await this.#allOver(GOODBYE_MS);
    await this.#server!.close({ drainMs: GOODBYE_MS });
  }

  /** Waits until no session runs: whether clients then hang up is their affair. */
  #allOver(withinMs: number): Promise<void> {
    const over = (): boolean => [...this.#server!.connections].every(({ data }) => data.over);
    if (over()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#reactor.setTimer(withinMs, resolve);
      this.#onOver = () => {
        if (!over()) return;
        timer.cancel();
        resolve();
      };
    });
  }

  #farewell(why: TurnedAway): string {
    switch (why) {
      case "closing":
        return "The server is shutting down: goodbye";
      case "max-connections-per-address":
        return "Too many sessions from your address: close some, or try again later";
      case "accepts-per-second":
        return "Too many come at once: try again in a moment";
      default:
        return "There is no room for another session: try again later";
    }
  }
}

function controlSettings(
  reactor: Reactor,
  options: FileServerOptions,
): Omit<ControlSettings, "onOver"> {
  const { settings, tlsPolicy } = options;
  return {
    ...options,
    reactor,
    pool: new BufferPool({
      maxBytes: settings.poolBytes,
      now: () => reactor.now(),
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback).unref(),
    }),
    session: {
      greeting: "iomux file server",
      tls: tlsPolicy,
      limits: {
        ...DEFAULT_SESSION_LIMITS,
        maxPasswordTries: settings.passwordTries,
        wrongPasswordMs: settings.wrongPasswordSeconds * 1000,
        maxWaitingCommands: settings.waitingCommands,
        maxStatusEntries: settings.statusEntries,
      },
    },
    ports: settings.passivePorts,
    advertisedHost: settings.passiveHost,
    connectMs: settings.connectSeconds * 1000,
    idleMs: settings.idleSeconds * 1000,
    stallMs: settings.stallSeconds * 1000,
    maxEntries: settings.listingEntries,
    sessionBytesPerSecond: settings.sessionBytesPerSecond,
    totalRate: rateLimit(settings.totalBytesPerSecond),
  };
}
