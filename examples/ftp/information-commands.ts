/** What is so, and what can be done. */
import type { Handler } from "./access-commands.ts";
import { COMMANDS, lookUp, usageOf, VERBS, type CommandRow, type Verb } from "./commands.ts";
import { listInReply } from "./file-commands.ts";
import { FACTS, type Fact } from "./listing.ts";
import type { State } from "./state.ts";
import { final, type Step } from "./steps.ts";
import { withoutOptions } from "./transfer-commands.ts";

export const INFORMATION = {
  SYST: () => final(215, "UNIX Type: L8"),
  STAT: status,
  FEAT: features,
  OPTS: options,
  HELP: (_, command) => help(command),
  SITE: (_, command) =>
    /^HELP(?: |$)/i.test(command) ? help(command.slice(5)) : final(504, "SITE knows HELP only"),
  NOOP: () => final(200, "Nothing is done"),
  CLNT: () => final(200, "Noted"),
  LANG: (_, language) =>
    language === "" || /^en(?:-[A-Za-z\d-]+)?\*?$/i.test(language)
      ? final(200, "Replies are in English")
      : final(504, "Replies are in English only"),
} satisfies Partial<Record<Verb, Handler>>;

/** Of the session; or, with a path, a listing. */
function status(state: State, argument: string): Step {
  if (argument.trim() === "") return sessionStatus(state);
  return listInReply(state, withoutOptions(argument));
}

function sessionStatus(state: State): Step {
  const { settings, login, transfer, data, protect } = state;
  const who = login === null ? "Nobody is logged in" : `Logged in as ${login.name}`;
  const routes = {
    none: "not arranged",
    passive: "the server listens",
    active: "the server connects",
  };
  const doing =
    transfer === null ? "No transfer runs" : `${transfer.what}: ${transfer.bytes} bytes so far`;
  return final(
    211,
    "Status of the session",
    ` You are at ${settings.peerHost}`,
    ` ${who}`,
    ` TYPE: ${state.ascii ? "ASCII Nonprint" : "Image"}; STRU: File; MODE: Stream`,
    ` Control connection: ${state.secure ? "TLS" : "plain"}; data: ${protect ? "TLS" : "plain"}`,
    ` Data connection: ${routes[data.kind]}`,
    ` ${doing}`,
    "End",
  );
}

/** RFC 2389 section 3.2: one space before each; TVFS is RFC 3659 section 6, UTF8 RFC 2640. */
function features(state: State): Step {
  const told = VERBS.flatMap((verb) => {
    const { feature }: CommandRow = COMMANDS[verb];
    if (feature === undefined) return [];
    const security = feature === "PBSZ" || feature === "PROT";
    if (security && state.settings.tls === "none") return [];
    return feature === "MLST" ? [`MLST ${factList(state)}`] : [feature];
  });
  if (state.settings.tls !== "none") told.push("AUTH TLS");
  told.push("TVFS", "UTF8");
  return final(211, "Features", ...told.sort().map((feature) => ` ${feature}`), "End");
}

/** An asterisk marks what is told (RFC 3659 section 7.8). */
function factList({ facts }: State): string {
  return FACTS.map((fact) => `${fact}${facts.has(fact) ? "*" : ""};`).join("");
}

function options(state: State, argument: string): Step {
  const [, command, rest] = /^(\S+) ?(.*)$/su.exec(argument) ?? ["", "", ""];
  switch (command.toUpperCase()) {
    case "UTF8":
    case "UTF-8":
      return /^(?:ON)?$/i.test(rest)
        ? final(200, "Names are UTF-8")
        : final(501, "Names are always UTF-8");
    case "MLST": {
      const wanted = new Set(rest.toLowerCase().split(";"));
      state.facts = new Set<Fact>(FACTS.filter((fact) => wanted.has(fact)));
      const told = [...state.facts].map((fact) => `${fact};`).join("");
      return final(200, `MLST OPTS ${told}`.trim());
    }
    default:
      return final(501, "OPTS knows UTF8 and MLST");
  }
}

function help(command: string): Step {
  if (command === "") {
    const rows: string[] = [];
    for (let i = 0; i < VERBS.length; i += 8) {
      rows.push(
        ` ${VERBS.slice(i, i + 8)
          .map((verb) => verb.padEnd(5))
          .join("")}`.trimEnd(),
      );
    }
    return final(214, "These commands are known", ...rows, "HELP with one of them tells more");
  }
  const known = lookUp(command.toUpperCase());
  if (known.kind !== "command") return final(504, "That command is not known");
  return final(214, `${usageOf(known.verb)}: ${known.row.does}`);
}
