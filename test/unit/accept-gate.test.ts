/** The gate: what an address is counted as. */
import { expect, it } from "vitest";

import { DEFAULT_SERVER_LIMITS, type SocketAddress } from "iomux";

import { AcceptGate, countedAs } from "../../src/server/accept-gate.ts";

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:3::", "2001:db8:1:2::/64"],
  ["2001:DB8:0001:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
  ["2001::5", "2001:0:0:0::/64"],
  ["::2001:1:2:3:4:5", "0:0:2001:1::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ["1:2:3::5:192.0.2.1", "1:2:3:0::/64"],
])("%s is counted as %s", (host, counted) => {
  expect(countedAs(host)).toBe(counted);
});

it("23: IPv6 peers of one network share a limit, IPv4-mapped ones that of their IPv4 address", () => {
  const gate = new AcceptGate({ ...DEFAULT_SERVER_LIMITS, maxConnectionsPerAddress: 1 }, undefined);
  const from = (host: string): SocketAddress => {
    return { family: host.includes(":") ? "IPv6" : "IPv4", host, port: 1 };
  };
  const refuses = (host: string): string | null => gate.refuses(from(host), false, 0);
  gate.entered(from("2001:db8:1:2::1"));
  gate.entered(from("::ffff:192.0.2.1"));
  const full = "max-connections-per-address";
  expect(["2001:db8:1:2:ffff::9", "192.0.2.1"].map(refuses)).toEqual([full, full]);
  const others = ["2001:db8:1:3::1", "::1", "192.0.2.2", "::ffff:192.0.2.3"];
  expect(others.map(refuses)).toEqual([null, null, null, null]);
  gate.left(from("2001:db8:1:2::1"));
  gate.left(from("::ffff:192.0.2.1"));
  expect(["2001:db8:1:2:ffff::9", "192.0.2.1"].map(refuses)).toEqual([null, null]);
});
