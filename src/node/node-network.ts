/** The network of the operating system, by way of `node:net` and `node:dgram`. */
import { Socket as DatagramSocket } from "node:dgram";
import { createServer, Socket, type Server } from "node:net";

import {
  formatAddress,
  isUnix,
  type CheckedAddress,
  type SocketAddress,
  type TcpAddress,
} from "../address.ts";
import type { BindOptions } from "../datagram-options.ts";
import { asError, IomuxError } from "../errors.ts";
import type { SignalName } from "../signal-names.ts";
import type {
  Adopted,
  ConnectOptions,
  DatagramTransport,
  ListenOptions,
  ListenTransport,
  Network,
  NetworkCapabilities,
  Transport,
} from "../network.ts";
import type { ConnectTlsOptions, Securer, StartTlsOptions } from "../tls.ts";
import { adopt } from "./adopt.ts";
import { setupError } from "./connection-error.ts";
import { bindSocket } from "./datagram-transport.ts";
import { DescriptorLimit } from "./descriptor-limit.ts";
import { watchSignals } from "./signals.ts";
import { ServerTransport } from "./server-transport.ts";
import { SocketTransport } from "./socket-transport.ts";
import { securerOf } from "./tls-securer.ts";
import { occupantOf, pathBeside, publish, removerOf } from "./unix-path.ts";

/** Descriptors by the sockets they were adopted from: one table for all reactors. */
const ADOPTED = new WeakMap<object, object>();

export class NodeNetwork implements Network {
  readonly capabilities: NetworkCapabilities = {
    pauseAccept: false,
    urgent: false,
    kernelQueue: false,
    resetWhilePaused: false,
    tls: true,
  };
  readonly #descriptors = new DescriptorLimit();

  async listen(address: CheckedAddress, options: ListenOptions): Promise<ListenTransport> {
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: options.noDelay ?? true,
      keepAlive: options.keepAlive ?? false,
    });
    const backlog = options.backlog ?? 511;
    if (isUnix(address)) {
      return listenAtPath(server, address.path, backlog).catch((error: unknown) => {
        if (error instanceof IomuxError) throw error;
        throw setupError(asError(error), "listen at", formatAddress(address));
      });
    }
    await bind(server, { ...address, backlog }, formatAddress(address));
    return new ServerTransport(server);
  }

  connect(address: CheckedAddress, options: ConnectOptions): Transport {
    const socket = new Socket({ allowHalfOpen: true });
    if (isUnix(address)) socket.connect({ path: address.path });
    else {
      socket.connect({
        ...address,
        noDelay: options.noDelay ?? true,
        keepAlive: options.keepAlive ?? false,
      });
    }
    return new SocketTransport(socket, isUnix(address), formatAddress(address));
  }

  bind(address: Required<TcpAddress>, options: BindOptions): Promise<DatagramTransport> {
    return bindSocket(address, options);
  }

  securer(options: StartTlsOptions | ConnectTlsOptions, host?: string): Securer {
    return securerOf(options, host);
  }

  signals(names: readonly SignalName[], onSignal: (name: SignalName) => void): () => void {
    return watchSignals(names, onSignal);
  }

  adopt(source: object): Adopted {
    return adopt(source);
  }

  adoptedBy(source: object): object | undefined {
    return ADOPTED.get(source) ?? ADOPTED.get(handleOf(source));
  }

  markAdopted(source: object, descriptor: object): void {
    ADOPTED.set(source, descriptor);
    ADOPTED.set(handleOf(source), descriptor);
  }

  descriptorsLeft(): number | null {
    return this.#descriptors.left();
  }
}

/** Two wrappers of one socket share its handle; without one, the source stands for itself. */
function handleOf(source: object): object {
  // Asking a dgram.Socket for its handle prints a warning.
  if (source instanceof DatagramSocket) return source;
  const handle = (source as { _handle?: unknown })._handle;
  return typeof handle === "object" && handle !== null ? handle : source;
}

async function listenAtPath(
  server: Server,
  path: string,
  backlog: number,
): Promise<ListenTransport> {
  const localAddress: SocketAddress = { family: "unix", path };
  const occupant = await occupantOf(path);
  if (occupant.what === "no folder") throw noFolder(path);
  if (occupant.what === "a live socket") throw inUse(path);
  if (occupant.what === "something else") throw notASocket(path);
  const beside = pathBeside(path);
  await bind(server, { path: beside, backlog }, `unix:${path}`);
  try {
    if (!publish(beside, path, occupant)) throw inUse(path);
    return new ServerTransport(server, localAddress, removerOf(path));
  } catch (error) {
    server.close();
    throw error;
  }
}

function bind(
  server: Server,
  options: { path?: string; host?: string; port?: number; backlog: number },
  where: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(setupError(error, "listen at", where));
    };
    server.once("error", onError);
    server.listen(options, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

/** Node would say EACCES. */
function noFolder(path: string): IomuxError {
  const message = `cannot listen at unix:${path}: its folder does not exist; make it first`;
  return new IomuxError("ENOENT", `${message} (ENOENT)`);
}

function inUse(path: string): IomuxError {
  const message = `cannot listen at unix:${path}: another server listens there; stop it first`;
  return new IomuxError("EADDRINUSE", `${message} (EADDRINUSE)`);
}

function notASocket(path: string): IomuxError {
  const message = `cannot listen at unix:${path}: that is not a socket; it was left alone`;
  return new IomuxError("IOMUX_NOT_A_SOCKET", `${message}, choose another path`);
}
