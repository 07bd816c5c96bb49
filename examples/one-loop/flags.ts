/** The flags of the three servers in one: arguments in, settings out, or one line of what is wrong. */
import type { Right } from "../accounts/rights.ts";
import { readSettings as readChatSettings, type Settings as ChatSettings } from "../chat/flags.ts";
import { LOCALES, type Locale } from "../chat/texts.ts";
import { isLoopback } from "../console/hosts.ts";
import { readSettings as readFileSettings, type ServerSettings } from "../ftp/server/flags.ts";
import type { TlsPolicy } from "../ftp/state.ts";
import { isHostName } from "../http/server/allowed-hosts.ts";
import { flagOf, Flags, identityOf, limitsHelp, type Limits } from "../program/flags.ts";

export const LIMITS = {
  uploadBytes: [17_179_869_184, 0, 2 ** 50, "longest upload in the page"],
  poolBytes: [16_777_216, 0, 2 ** 34, "large buffers of files, for FTP and for HTTP"],
  memoryBytes: [268_435_456, 65_536, 2 ** 40, "bytes held for all connections"],
  drainSeconds: [30, 0, 86_400, "time that transfers and requests get at the end"],
} as const satisfies Limits;

type Limit = keyof typeof LIMITS;

/** Where one of the servers listens. */
export interface Port {
  readonly flag: string;
  readonly port: number;
  /** Whether it must be this one: else the next one that is free will do. */
  readonly asked: boolean;
  /** Those that the others must have. */
  readonly others: readonly number[];
}

export interface Settings extends Readonly<Record<Limit, number>> {
  readonly host: string;
  readonly http: Port;
  readonly chat: Port;
  readonly ftp: Port;
  /** Null: a folder of its own, to try it out. */
  readonly root: string | null;
  /** Null: anybody on this machine. */
  readonly users: string | null;
  /** Of those without an account. Null: they are not let in. */
  readonly anonymous: readonly Right[] | null;
  readonly plainPasswords: boolean;
  readonly allowedHosts: readonly string[];
  /** Whether the page is served by https. */
  readonly tls: boolean;
  readonly ftpTls: TlsPolicy;
  /** Files; null: made at the start. */
  readonly identity: { readonly cert: string; readonly key: string } | null;
  readonly locale: Locale;
  /** Null: not said. */
  readonly transcript: boolean | null;
}

const NAMED = [
  ...["http-port", "chat-port", "ftp-port", "host", "root", "users", "anonymous-upload"],
  ...["plain-passwords", "tls", "cert", "key", "locale", "transcript"],
  ...Object.keys(LIMITS).map(flagOf),
];

export const HELP = `A web page, a chat room and a file server in one thread and one event loop.
The page shows the loop at work, and has the chat and the files in it.

  npm start -- [flags]

  --http-port N         port of the page (8080)
  --chat-port N         port of the chat, for nc and telnet (9000)
  --ftp-port N          port of the files, for FTP clients (2121)
                        of each: 0 is any that is free; one that is taken and
                        was not asked for is the next one that is free
  --host ADDRESS        address to listen on (127.0.0.1: this machine only);
                        others can be reached from elsewhere, so they need
                        --users, and --tls on or --plain-passwords on
  --allow-host NAME     a name under which browsers may ask for the page,
                        besides this machine and --host; several: again, or
                        with commas
  --root DIR            the folder of the files; without it a new one, with
                        uploads by anybody, to try it out
  --users FILE          who may log in, to the page and to the files (without
                        it: anybody on this machine); lines as of
                        npm run file-server -- --new-user NAME
  --anonymous-upload on|off
                        those without an account may upload new files (off;
                        on without --root)
  --plain-passwords on|off
                        passwords without TLS too, not only from this machine:
                        something in front of this does TLS (off)
  --tls on|off          the page by https, and nobody logs in by FTP without
                        TLS (off: FTP offers TLS)
  --cert FILE --key FILE
                        certificate and key in PEM (a self-signed one, made at
                        the start)
  --locale en|zh        language of the chat and of this terminal (en); the
                        page has its own
  --transcript on|off   show here what is said (on if this is a terminal)
${limitsHelp(LIMITS)}
  --help                this text

What is typed here the administrator says to all in the chat; /help lists its
commands. SIGINT or SIGTERM ends all three: the chat says good-bye, transfers
and requests that run may finish. A second one ends them at once. Wrong flags
and addresses: exit status 2.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): Settings | null {
  const flags = new Flags(args, { named: NAMED, listed: ["allow-host"], switches: ["help"] });
  if (flags.has("help")) return null;
  const root = flags.text("root");
  const users = flags.text("users");
  const isOn = (flag: string, usual = false): boolean =>
    (flags.oneOf(flag, ["on", "off"]) ?? (usual ? "on" : "off")) === "on";
  const upload = isOn("anonymous-upload", root === null && users === null);
  if (upload && users !== null) {
    throw new Error("--anonymous-upload is for those without an account: leave out --users");
  }
  const transcript = flags.oneOf("transcript", ["on", "off"]);
  const settings: Settings = {
    ...flags.limits(LIMITS),
    host: flags.text("host") ?? "127.0.0.1",
    ...portsOf(flags),
    ...{ root, users },
    anonymous: users !== null ? null : upload ? ["read", "create"] : ["read"],
    plainPasswords: isOn("plain-passwords"),
    allowedHosts: hostsOf(flags),
    tls: isOn("tls"),
    ftpTls: isOn("tls") ? "login" : "offered",
    identity: identityOf(flags),
    locale: flags.oneOf("locale", Object.keys(LOCALES) as Locale[]) ?? "en",
    transcript: transcript === null ? null : transcript === "on",
  };
  check(settings);
  return settings;
}

function check({ host, users, tls, plainPasswords }: Settings): void {
  if (isLoopback(host)) return;
  const reach = `--host ${host} can be reached from elsewhere`;
  if (users === null) throw new Error(`${reach}: say who may log in by --users FILE`);
  if (tls || plainPasswords) return;
  throw new Error(`${reach}, where passwords could be read: give --tls on or --plain-passwords on`);
}

function portsOf(flags: Flags): Pick<Settings, "http" | "chat" | "ftp"> {
  const usual = { "http-port": 8080, "chat-port": 9000, "ftp-port": 2121 };
  const given = Object.entries(usual).map(([flag, port]) => {
    return { flag, port: flags.wholeNumber(flag, port, 0, 65_535), asked: flags.has(flag) };
  });
  const [http, chat, ftp] = given.map((one) => {
    const others = given.filter((other) => other !== one && other.asked && other.port !== 0);
    const same = others.find(({ port }) => port === one.port);
    if (one.asked && same !== undefined) {
      throw new Error(`--${one.flag} and --${same.flag} are both ${one.port}: give two ports`);
    }
    return { ...one, others: others.map(({ port }) => port) };
  });
  return { http: http!, chat: chat!, ftp: ftp! };
}

function hostsOf(flags: Flags): readonly string[] {
  const hosts = flags.list("allow-host") ?? [];
  const wrong = hosts.find((host) => !isHostName(host));
  if (wrong === undefined) return hosts;
  throw new Error(
    `--allow-host is "${wrong}": give a name, such as box.example or box.example:8080`,
  );
}

/** As of the chat room alone, where nothing else is said. */
export function chatSettings({ host, locale, transcript }: Settings, port: number): ChatSettings {
  const listen = ["--host", host, "--port", `${port}`];
  const shown = transcript === null ? [] : ["--transcript", transcript ? "on" : "off"];
  return readChatSettings([...listen, "--locale", locale, ...shown])!;
}

/** As of the file server alone, where nothing else is said. */
export function fileSettings(settings: Settings, port: number): ServerSettings {
  const { host, memoryBytes, poolBytes } = settings;
  const usual = readFileSettings(["--host", host, "--port", `${port}`]);
  if (usual?.kind !== "serve") throw new Error("these are the flags of a server");
  return { ...usual, memoryBytes, poolBytes };
}
