import net from "node:net";

import { expect, it } from "vitest";

import { ipFamily } from "../../src/datagram-address.ts";
import { forSeeds } from "../support/seeds.ts";

const PIECES = ["0", "1", "ffff", "12345", "g", ":", "::", ".", "1.2.3.4", "256", "%", "eth0", " "];

it("an IP address is what Node takes for one, of the same family", () => {
  const known = ["127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "1::", "fe80::1%eth0"];
  const others = ["", "localhost", "1.2.3", "1.2.3.4.", "01.2.3.4", "256.1.1.1", ":::", "1:2:3"];
  const full = ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"];
  const odd = ["1::2::3", "1:2:3:4:5:6:7:8:9", "::1.2.3.4:1", "fe80::1%", "::1%a%b", ":1", "1:"];
  for (const text of [...known, ...others, ...full, ...odd]) {
    expect([text, version(text)]).toEqual([text, net.isIP(text)]);
  }
});

it("so it is for whatever is put together of such pieces", () => {
  forSeeds(3000, (random) => {
    const count = random.between(1, 12);
    const text = Array.from({ length: count }, () => random.pick(PIECES)).join("");
    expect([text, version(text)]).toEqual([text, net.isIP(text)]);
  });
});

function version(text: string): number {
  return { IPv4: 4, IPv6: 6, none: 0 }[ipFamily(text) ?? "none"];
}
