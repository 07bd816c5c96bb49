/** Where somebody comes from: which addresses are one machine's, and which one customer's. */
import type { SocketAddress } from "iomux";

/** An IPv4 peer of an IPv6 socket is an IPv4 peer. All of a Unix path are one machine's: null. */
export function machineOf(address: SocketAddress | null): string | null {
  if (address === null || address.family === "unix") return null;
  return address.host.replace(/^::ffff:(?=[\d.]+$)/i, "");
}

/**
 * What those of an address are counted as, as `serve()` counts: for IPv6 its network of 64 bits,
 * which one customer has at least (RFC 6177).
 */
export function countedAs(address: SocketAddress | null): string | null {
  const machine = machineOf(address);
  if (!machine?.includes(":")) return machine;
  const [head = "", tail] = machine.replace(/%.*$/, "").split("::");
  const groups = groupsOf(head);
  if (tail !== undefined) groups.push(...Array<string>(8 - groupsOf(tail).length).fill("0"));
  const network = groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
