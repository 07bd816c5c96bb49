/** The UDP server and its client as processes. */
import { programCommand } from "../support/program-command.ts";
import { finish, run, type Finished, type Running } from "./programs.ts";

export interface UdpServer extends Running {
  readonly host: string;
  readonly port: number;
}

/** One process, so that a signal hits nobody else. */
export function runUdpServer(...flags: string[]): Running {
  return run(process.execPath, [...programCommand("examples/udp-server.ts"), ...flags]);
}

/** A server that receives, at a port of the system's choice unless flags say more. */
export async function openUdpServer(...flags: string[]): Promise<UdpServer> {
  const running = runUdpServer(...(flags.includes("--port") ? [] : ["--port", "0"]), ...flags);
  const line = await running.out.until(/^Try: /);
  const [, host, port] = /--host (\S+) --port (\d+)/.exec(line)!;
  await running.out.until("Ctrl-C ends it.");
  return { ...running, host: host!, port: Number(port) };
}

function clientArguments({ host, port }: Pick<UdpServer, "host" | "port">): string[] {
  return [...programCommand("examples/udp-client.ts"), "--host", host, "--port", `${port}`];
}

/** A client that is given lines as it goes on. */
export function runUdpClient(server: UdpServer, ...args: string[]): Running {
  return run(process.execPath, [...clientArguments(server), ...args]);
}

/** Runs a client to its end. */
export function udpClient(
  server: Pick<UdpServer, "host" | "port">,
  args: readonly string[],
  input = "",
): Promise<Finished> {
  return finish(process.execPath, [...clientArguments(server), ...args], { input });
}
