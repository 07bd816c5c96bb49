/** What servers, the network and the disk say, as failures: one line each that says what to do. */
import { printable } from "../replies.ts";
import { ClientFailure, type FailureKind } from "./failure.ts";
import type { RefusedError } from "./wishes.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
}

function codeOf(error: unknown): string | null {
  if (error === null) return null;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : null;
}

/** `text` as a part of a line for people. */
function shown(text: string): string {
  return `"${printable(text)}"`;
}

/** No connection has come to stand. */
export function connectFailure(error: Error, { host, port, connectMs }: Place): ClientFailure {
  const where = `${printable(host)}:${port}`;
  const cause = { cause: error };
  switch (codeOf(error)) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NODATA":
    case "EAI_NONAME": {
      const text = `there is no host ${shown(host)}: see how its name is written`;
      return new ClientFailure("no-host", text, cause);
    }
    case "ETIMEDOUT": {
      const text = `${where} does not answer within ${connectMs / 1000} s`;
      const advice = "see whether the address is right, or raise --connect-seconds";
      return new ClientFailure("timed-out", `${text}: ${advice}`, cause);
    }
    case "ABORT_ERR":
      return interrupted(`connecting to ${where}`);
    default: {
      const text = `${where} takes no connections (${codeOf(error) ?? error.message})`;
      const advice = "see whether the port is right and the server runs";
      return new ClientFailure("refused", `${text}: ${advice}`, cause);
    }
  }
}

export function lossFailure(host: string, said: string | null, error: Error | null): ClientFailure {
  const why = said === null ? (codeOf(error) ?? "it has closed it") : `it says ${shown(said)}`;
  const text = `the connection with ${printable(host)} was lost (${why}): try again`;
  return new ClientFailure("lost", text, error === null ? {} : { cause: error });
}

/** What OpenSSL says of certificates. */
const CERTIFICATE = /CERT|ISSUER|VERIFY|SELF_SIGNED|ALTNAME|HOSTNAME|INVALID_PURPOSE/;

/** Whether it is the certificate that is not accepted, and not TLS that has failed. */
export function isDistrust(error: Error): boolean {
  return CERTIFICATE.test(codeOf(error) ?? "");
}

export function tlsFailure(error: Error, host: string): ClientFailure {
  const code = codeOf(error) ?? "";
  const [why] = /failed: ([^\n]*?)(?: \([A-Z\d_]+\))?$/.exec(error.message)?.slice(1) ?? [];
  // What the library says ends with what a program would do about it.
  const [reason] = (why ?? error.message).split(";");
  const text = `no secure connection with ${printable(host)}: ${reason!} (${code})`;
  const advice = isDistrust(error)
    ? "give its authority with --ca FILE, or do without the check with --insecure"
    : "see whether the server speaks TLS 1.2 or later";
  return new ClientFailure("not-trusted", `${text}; ${advice}`, { cause: error });
}

/** The data connection is lost, and the server lives. */
export function breakFailure(text: string): ClientFailure {
  return new ClientFailure("lost", `${printable(text)}: try again`);
}

export function interrupted(what: string): ClientFailure {
  return new ClientFailure("interrupted", `${what} was interrupted`);
}

const LOCAL: Readonly<Record<string, readonly [FailureKind, string]>> = {
  ENOENT: ["no-file", "there is no such file or folder"],
  ENOTDIR: ["no-file", "there is no such folder"],
  EISDIR: ["misuse", "it is a folder: name a file"],
  EEXIST: ["misuse", "something has this name already: choose another one"],
  ENAMETOOLONG: ["misuse", "the name is too long: give another one"],
  EACCES: ["no-permission", "permission denied: see whose it is, and its mode"],
  EPERM: ["no-permission", "the system does not permit it: see whose it is, and its mode"],
  EROFS: ["no-permission", "the disk can only be read: choose another place"],
  ENOSPC: ["local-disk-full", "the disk is full: make room"],
  EDQUOT: ["local-disk-full", "the quota is used up: make room"],
  EFBIG: ["local-disk-full", "files may not grow so large here: see `ulimit -f`, or the disk"],
};

/** The file system here has failed. */
export function localFailure(error: unknown, path: string): ClientFailure {
  if (error instanceof ClientFailure) return error;
  const code = codeOf(error) ?? (error as Error).message;
  const [kind, text] = LOCAL[code] ?? (["local-error", "the file system failed"] as const);
  return new ClientFailure(kind, `${printable(path)} here: ${text} (${code})`, { cause: error });
}

const FULL = /no space|disk full|not enough space|quota|insufficient storage|local file/i;
const FORBIDDEN = /permission|denied|privilege|not allowed|forbidden|access|rights|may not/i;
const ABSENT = /no such|not found|does not exist|doesn't exist|cannot find|there is no/i;
const EXISTS = /exists/i;

const ADVICE: Readonly<Partial<Record<FailureKind, string>>> = {
  login: "see the user and the password",
  refused: "try again later",
  "not-trusted": "the server may have no TLS; without --tls everything can be read on the way",
  "no-file": "list the folder to see what there is",
  "no-permission": "log in as somebody who may do it",
  "remote-disk-full": "make room on the server",
  lost: "try again",
  nonsense: "this may be no FTP server",
  declined: "see what the server says",
};

/**
 * The server has said no. RFC 959 has one code for what does not exist and for what is not allowed
 * (550), so its text is looked at; `exists`: what it was about is known to be there.
 */
export function refusalFailure(error: RefusedError, exists: boolean): ClientFailure {
  const kind = kindOf(error, exists);
  const { code, lines } = error.reply;
  const said = printable(lines.filter((line) => line !== "").join(" / ")).slice(0, 200);
  const text = `${printable(error.what)}: ${MEANING[kind]!}, the server says ${code} ${said}`;
  return new ClientFailure(kind, `${text}; ${ADVICE[kind] ?? "try again"}`, { cause: error });
}

const MEANING: Readonly<Partial<Record<FailureKind, string>>> = {
  login: "not let in",
  refused: "the server takes nobody in",
  "not-trusted": "no secure connection",
  "no-file": "no such file or folder",
  "no-permission": "not allowed",
  "remote-disk-full": "no room on the server",
  lost: "the transfer broke off",
  nonsense: "this makes no sense here",
  declined: "refused",
};

function kindOf({ step, reply: { code, lines } }: RefusedError, exists: boolean): FailureKind {
  const text = lines.join(" ");
  // 332 asks for an account, which nobody has.
  if (step === "login" && code >= 300) return "login";
  if (code < 400) return "nonsense";
  if (step === "greeting") return "refused";
  if (code === 421) return "lost";
  if (step === "tls") return "not-trusted";
  if (code === 452 || code === 552 || FULL.test(text)) return "remote-disk-full";
  if (code === 530 || code === 532) return "no-permission";
  if (EXISTS.test(text) && !ABSENT.test(text)) return "declined";
  if (code === 550 || code === 553 || code === 450) {
    if (FORBIDDEN.test(text)) return "no-permission";
    if (ABSENT.test(text)) return "no-file";
    return exists || step === "write" ? "no-permission" : "no-file";
  }
  return step === "moved" || code === 425 || code === 426 ? "lost" : "declined";
}
