/** What is open, line by line, as netstat(8) shows it. */
import { formatAddress, type SocketAddress } from "iomux";

/** The columns of a line. */
export const NETSTAT_COLUMNS = columns("proto", "recv-q", "send-q", "local", "foreign", "state");

interface Line {
  readonly local: SocketAddress;
  /** Null: anybody. */
  readonly foreign: SocketAddress | null;
  /** Bytes that came and were not read; of a listener, connections that wait (ss(8)). */
  readonly received: number;
  /** Bytes that have not arrived; of a listener, its backlog (ss(8)). */
  readonly unsent: number;
  readonly state: string;
  /** Of datagrams. */
  readonly udp?: boolean;
}

/** One line. */
export function netstatLine({ local, foreign, received, unsent, state, udp }: Line): string {
  const protocol = local.family === "unix" ? "unix" : udp === true ? "udp" : "tcp";
  const from = formatAddress(local);
  const to = foreign === null ? "*" : formatAddress(foreign);
  return columns(protocol, `${received}`, `${unsent}`, from, to, state);
}

function columns(...[protocol, received, unsent, local, foreign, state]: string[]): string {
  const queues = `${protocol!.padEnd(5)} ${received!.padStart(6)} ${unsent!.padStart(6)}`;
  return `${queues} ${local!.padEnd(16)} ${foreign!.padEnd(16)} ${state!}`.trimEnd();
}

/** The state of an end, as tcp(7) has it, as far as the end can tell. */
export function streamState(asking: boolean, ended: boolean, peerEnded: boolean): string {
  if (asking) return "SYN_SENT";
  if (ended) return peerEnded ? "LAST_ACK" : "FIN_WAIT";
  return peerEnded ? "CLOSE_WAIT" : "ESTABLISHED";
}
