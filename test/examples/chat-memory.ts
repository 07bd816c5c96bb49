/** The chat room on the in-memory network, where what happens in one turn can be arranged. */
import { createReactor, type Reactor } from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

import { readSettings, type Settings } from "../../examples/chat/flags.ts";
import { ChatServer } from "../../examples/chat/server.ts";

/** Members come and speak as tests do, and nobody is told of what was before. */
export const SETTINGS: Settings = {
  ...readSettings([])!,
  listen: [{ port: 0 }] as never,
  maxLineBytes: 400,
  linesPerSecond: 0,
  maxPerAddress: 0,
  joinsPerSecond: 0,
  historyLines: 0,
  backlogBytes: 20_000,
};

export class MemoryChat {
  readonly clock = new SimulatedClock();
  readonly reactor: Reactor;
  readonly network: MemoryNetwork;
  chat!: ChatServer;
  /** What the operator was told. */
  readonly logged: string[] = [];
  shutdowns = 0;

  private constructor(capacity: number) {
    this.network = new MemoryNetwork(this.clock, { capacity });
    this.reactor = createReactor({
      network: this.network,
      clock: this.clock,
      onError: () => undefined,
    });
  }

  /** `capacity`: bytes that the system would hold for one direction of a connection. */
  static async open(capacity: number, settings: Partial<Settings> = {}): Promise<MemoryChat> {
    const self = new MemoryChat(capacity);
    const opening = ChatServer.open(self.reactor, {
      settings: { ...SETTINGS, ...settings },
      transcript: false,
      log: (line) => void self.logged.push(line),
      minuteOfDay: () => 605,
      onShutdown: () => {
        self.shutdowns++;
      },
    });
    self.chat = await self.clock.run(opening);
    return self;
  }

  async end(drainMs = 0): Promise<void> {
    this.reactor.assertInvariants();
    this.chat.assertInvariants();
    const ending = this.chat.end(drainMs);
    await this.clock.advance(drainMs + 1);
    await this.clock.run(ending);
    await this.clock.run(this.reactor.close());
    this.reactor.assertInvariants();
  }

  dial(listener = 0): MemorySocket {
    return this.network.dial(this.chat.addresses[listener]!);
  }

  async join(name: string, listener = 0): Promise<MemorySocket> {
    const socket = this.dial(listener);
    socket.write(`${name}\n`);
    await this.clock.settle();
    return socket;
  }

  async say(socket: MemorySocket, ...lines: string[]): Promise<void> {
    for (const line of lines) socket.write(`${line}\n`);
    await this.clock.settle();
  }

  async admin(line: string): Promise<void> {
    this.chat.administrator({ kind: "line", text: line });
    await this.clock.settle();
  }
}

export function lines(socket: MemorySocket): string[] {
  return socket.received.toString().split("\n").slice(0, -1);
}
