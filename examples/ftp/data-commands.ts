/**
 * How data goes: its type, and who connects where.
 *
 * There is one listener at most. Each of PORT, EPRT, PASV and EPSV puts an end to what the one
 * before it had arranged, as does ABOR; a transfer uses it up.
 */
import {
  formatPort,
  MIN_DATA_PORT,
  parseExtendedPort,
  parsePort,
  type DataAddress,
} from "./addresses.ts";
import { protocolOf, sameHost } from "../program/host-address.ts";
import type { Handler } from "./access-commands.ts";
import type { Verb } from "./commands.ts";
import type { State } from "./state.ts";
import { ask, final, type Step } from "./steps.ts";

export const DATA = {
  TYPE: type,
  STRU: (_, structure) =>
    oneOf(structure, { done: /^F$/i, known: /^[RP]$/i }, "Files have no structure here"),
  MODE: (_, mode) => oneOf(mode, { done: /^S$/i, known: /^[BCZ]$/i }, "Data goes as a stream here"),
  PORT: port,
  EPRT: extendedPort,
  PASV: passive,
  EPSV: extendedPassive,
  ALLO: (_, size) =>
    /^\d+(?: R \d+)?$/i.test(size)
      ? final(202, "No room need be allocated")
      : final(501, "A number of bytes is needed"),
  ABOR: (state) => {
    state.closeData();
    return final(226, "Nothing is being transferred now");
  },
} satisfies Partial<Record<Verb, Handler>>;

function oneOf(
  given: string,
  { done, known }: { done: RegExp; known: RegExp },
  only: string,
): Step {
  if (done.test(given)) return final(200, only);
  return final(known.test(given) ? 504 : 501, only);
}

/** `L 8` is `I` (RFC 1123 section 4.1.2.1), and only `N` says how text is printed. */
function type(state: State, given: string): Step {
  if (/^A(?: N)?$/i.test(given)) {
    state.ascii = true;
    return final(200, "Lines end with CR LF on the way");
  }
  if (/^(?:I|L 8)$/i.test(given)) {
    state.ascii = false;
    return final(200, "Bytes go as they are");
  }
  return final(/^(?:A [TC]|E(?: [NTC])?|L \d{1,3})$/i.test(given) ? 504 : 501, "TYPE is A or I");
}

const TOO_LATE = "After EPSV ALL there is only EPSV";

function port(state: State, written: string): Step {
  if (state.onlyExtendedPassive) return final(503, TOO_LATE);
  const address = parsePort(written);
  if (address === null) return final(501, "Four bytes of an address and two of a port are needed");
  return connectTo(state, address);
}

function extendedPort(state: State, written: string): Step {
  if (state.onlyExtendedPassive) return final(503, TOO_LATE);
  const parsed = parseExtendedPort(written);
  if (parsed === null) return final(501, "|protocol|address|port| is needed");
  if (parsed.kind === "unknown-protocol") return wrongProtocol(state);
  return connectTo(state, parsed.address);
}

/** RFC 2577 section 3: to the client's own machine, and to no service there. */
function connectTo(state: State, address: DataAddress): Step {
  if (protocolOf(address.host) !== state.protocol) return wrongProtocol(state);
  if (!sameHost(address.host, state.settings.peerHost)) {
    return final(504, "Data goes to your own address only");
  }
  if (address.port < MIN_DATA_PORT)
    return final(504, `No data goes to ports below ${MIN_DATA_PORT}`);
  state.closeData();
  state.data = { kind: "active", ...address };
  return final(200, "The server will connect there");
}

/** The digits in brackets are for programs (RFC 2428 section 2). */
function wrongProtocol({ protocol }: State): Step {
  return final(522, `That network protocol is not used here, use (${protocol})`);
}

function passive(state: State): Step {
  if (state.onlyExtendedPassive) return final(503, TOO_LATE);
  if (state.protocol === 2) return final(522, "PASV knows IPv4 only, use EPSV (2)");
  return listen(state, (address) =>
    protocolOf(address.host) === 1
      ? final(227, `Entering Passive Mode (${formatPort(address)}).`)
      : final(425, "There is no IPv4 address to tell, use EPSV"),
  );
}

function extendedPassive(state: State, wanted: string): Step {
  if (/^ALL$/i.test(wanted)) {
    state.onlyExtendedPassive = true;
    return final(200, "Only EPSV from now on");
  }
  if (wanted !== "" && !/^\d{1,5}$/.test(wanted)) return final(501, "1, 2 or ALL is known");
  if (wanted !== "" && Number(wanted) !== state.protocol) return wrongProtocol(state);
  return listen(state, (address) =>
    final(229, `Entering Extended Passive Mode (|||${address.port}|)`),
  );
}

function listen(state: State, then: (address: DataAddress) => Step): Step {
  state.closeData();
  return ask({ kind: "listen" }, (address) => {
    if (address === null) return final(425, "There is no port free for data");
    state.data = { kind: "passive" };
    return then(address);
  });
}
