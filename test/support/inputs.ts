/** Inputs of a world that come from its process: signals, and standard input. */
import net from "node:net";
import type { Readable } from "node:stream";

import type { SignalName } from "iomux";
import type { MemoryStdin } from "iomux/testing";
import { onTestFinished } from "vitest";

import { MemoryWorld } from "./memory-world.ts";
import type { World } from "./world.ts";

/** The process of this world gets a signal. */
export function raise(world: World, name: SignalName): void {
  if (world instanceof MemoryWorld) world.memory.raise(name);
  else process.kill(process.pid, name);
}

/** Signals that end no process, so that a test that fails ends none. */
export const HARMLESS = ["SIGWINCH", "SIGURG", "SIGCONT"] as const;

export interface Input {
  /** What `adopt` takes: it stands for `process.stdin` until the test is over. */
  readonly source: Readable;
  write(bytes: Uint8Array | string): void;
  end(bytes?: Uint8Array | string): void;
}

/** Standard input of this world, and who writes to it. */
export async function standardInput(world: World): Promise<Input> {
  if (world instanceof MemoryWorld) {
    const stdin: MemoryStdin = world.memory.stdin;
    return {
      source: stdin as never,
      write: (bytes) => {
        stdin.write(bytes);
      },
      end: (bytes) => {
        stdin.end(bytes);
      },
    };
  }
  const { source, peer } = await world.adoptable();
  return {
    source: pretendStdin(readOnlySocket(source)),
    write: (bytes) => {
      peer.write(bytes);
    },
    end: (bytes) => {
      peer.end(bytes);
    },
  };
}

/** Another wrapper of a socket, as Node makes one for a standard input that is a pipe or socket. */
function readOnlySocket(socket: net.Socket): net.Socket {
  const { _handle: handle } = socket as unknown as { _handle: object };
  const options = { handle, readable: true, writable: false, manualStart: true };
  const made = new net.Socket(options);
  const { _writableState: state } = made as unknown as { _writableState: { ended: boolean } };
  state.ended = true;
  return made;
}

/** `stream` is `process.stdin` until the test is over. */
export function pretendStdin<S extends Readable>(stream: S): S {
  const real = Object.getOwnPropertyDescriptor(process, "stdin")!;
  Object.defineProperty(process, "stdin", { value: stream, configurable: true, enumerable: true });
  onTestFinished(() => {
    Object.defineProperty(process, "stdin", real);
    stream.destroy();
  });
  return Object.assign(stream, { fd: 0 });
}
