/** What the interactive client stands between, in memory: a server's session, and a screen. */
import type { Completion } from "../../examples/ftp/client/completion.ts";
import { ClientFailure, type FailureKind } from "../../examples/ftp/client/failure.ts";
import type {
  FtpClient,
  OperationOptions,
  Transferred,
  TransferOptions,
} from "../../examples/ftp/client/ftp-client.ts";
import { Interactive } from "../../examples/ftp/client/interactive.ts";
import type { Dialled, Dialler } from "../../examples/ftp/client/link.ts";
import { LocalFolder } from "../../examples/ftp/client/local-folder.ts";
import type { RemoteEntry } from "../../examples/ftp/client/remote-entry.ts";
import type { Person, Screen } from "../../examples/ftp/client/screen.ts";
import { Shell } from "../../examples/ftp/client/shell.ts";

export function file(name: string, size = 5): RemoteEntry {
  return { name, kind: "file", size, modifiedMs: Date.UTC(2026, 0, 2, 3, 4) };
}

export function folder(name: string): RemoteEntry {
  return { name, kind: "folder", size: null, modifiedMs: Date.UTC(2026, 0, 2, 3, 4) };
}

/** A session. All that is asked of it is written down. */
export class FakeClient implements FtpClient {
  readonly closed: Promise<ClientFailure | null>;
  /** What it was asked, in the order in which it was. */
  readonly asked: string[] = [];
  /** What is in which folder. "" is that in which the session stands. */
  folders: Record<string, readonly RemoteEntry[]> = {};
  /** Operations that fail, as they are written down. */
  failing: Record<string, ClientFailure> = {};
  /** Operations that wait for `go`, or for their signal. */
  waiting = new Set<string>();
  go: () => void = () => undefined;
  progress: TransferOptions["onProgress"] = undefined;
  options: TransferOptions | null = null;
  #folder = "/";
  #waiter: { readonly what: string; readonly resolve: () => void } | null = null;
  #close!: (failure: ClientFailure | null) => void;
  #fail: (failure: ClientFailure) => void = () => undefined;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  /** Resolves when that was asked. */
  until(what: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.asked.includes(what)) resolve();
      else this.#waiter = { what, resolve };
    });
  }

  /** The server goes away. */
  lose(): void {
    const failure = new ClientFailure("lost", "the connection was lost");
    this.#fail(failure);
    this.#close(failure);
  }

  list(path: string, options?: OperationOptions): Promise<readonly RemoteEntry[]> {
    return this.#do(`list ${path}`, this.folders[path] ?? [], options);
  }

  folder(): Promise<string> {
    return this.#do("folder", this.#folder);
  }

  async enter(path: string): Promise<void> {
    await this.#do(`enter ${path}`);
    this.#folder = path;
  }

  info(path: string): Promise<RemoteEntry> {
    return this.#do(`info ${path}`, file(path));
  }

  remove(path: string): Promise<void> {
    return this.#do(`remove ${path}`);
  }

  makeFolder(path: string): Promise<void> {
    return this.#do(`make ${path}`);
  }

  removeFolder(path: string): Promise<void> {
    return this.#do(`remove-folder ${path}`);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do(`rename ${from} ${to}`);
  }

  get(remote: string, local: string, options: TransferOptions): Promise<Transferred> {
    return this.#move(`get ${remote} ${local}`, options);
  }

  put(local: string, remote: string, options: TransferOptions): Promise<Transferred> {
    return this.#move(`put ${local} ${remote}`, options);
  }

  async quit(): Promise<void> {
    await this.#do("quit");
    this.#close(null);
  }

  abort(): void {
    this.asked.push("abort");
    this.#fail(new ClientFailure("interrupted", "interrupted"));
    this.#close(null);
  }

  #move(what: string, options: TransferOptions): Promise<Transferred> {
    this.options = options;
    const times = { size: 1024, before: 0, moved: 1024, elapsedMs: 1000 };
    options.onProgress?.({ name: "a name of the engine's", ...times });
    return this.#do(what, { bytes: 1024, resumedAt: 0 }, options);
  }

  #do(what: string): Promise<void>;
  #do<T>(what: string, answer: T, options?: OperationOptions): Promise<T>;
  async #do<T>(what: string, answer?: T, options?: OperationOptions): Promise<T | undefined> {
    this.asked.push(what);
    if (this.#waiter?.what === what) this.#waiter.resolve();
    const failure = this.failing[what];
    if (failure !== undefined) throw failure;
    if (!this.waiting.has(what)) return answer;
    return new Promise((resolve, reject) => {
      this.go = () => resolve(answer);
      this.#fail = reject;
      options?.signal?.addEventListener("abort", () => {
        reject(new ClientFailure("interrupted", `${what}: interrupted`));
      });
    });
  }
}

export function failure(kind: FailureKind, message: string): ClientFailure {
  return new ClientFailure(kind, message);
}

/** Answers its sessions one after the other; then nobody is there. */
export class FakeDialler implements Dialler {
  readonly dialled: (string | null)[] = [];
  readonly clients: FakeClient[];

  constructor(...clients: FakeClient[]) {
    this.clients = clients;
  }

  dial(address: string | null): Promise<Dialled> {
    this.dialled.push(address);
    const client = this.clients.shift();
    if (client === undefined) return Promise.reject(failure("refused", "nobody answers"));
    return Promise.resolve({ client, where: "server:21" });
  }
}

/** A screen: `type` is the person before it. */
export class FakeScreen implements Screen {
  readonly interactive: boolean;
  columns: number | null = null;
  /** All that it was given, in order: results as they are, `-- ` before the rest, `[...]` rows. */
  readonly shown: string[] = [];
  person!: Person;
  /** Fulfilled when a line is asked for again. */
  asked: Promise<void>;
  #tellAsked!: () => void;
  #tellComplained: () => void = () => undefined;
  #answer: ((line: string | null) => void) | null = null;
  #closed = false;

  constructor(interactive = true) {
    this.interactive = interactive;
    this.asked = this.#nextQuestion();
  }

  listen(person: Person): void {
    this.person = person;
  }

  ask(): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#tellAsked();
    });
  }

  askHidden(): Promise<string | null> {
    return Promise.resolve("secret");
  }

  /** Types a line. Resolves when it was obeyed and the next one is asked for. */
  type(line: string): Promise<void> {
    this.begin(line);
    return this.asked;
  }

  /** Types a line, and waits for nothing. Null: the end of input. */
  begin(line: string | null): void {
    const answer = this.#answer!;
    this.#answer = null;
    this.asked = this.#nextQuestion();
    this.person.typed();
    answer(line);
  }

  show(lines: readonly string[]): void {
    this.shown.push(...lines);
  }

  remark(line: string): void {
    this.shown.push(`-- ${line}`);
  }

  complain(line: string): void {
    this.shown.push(`!! ${line}`);
    this.#tellComplained();
  }

  /** Resolves when something goes wrong from now on. */
  get complained(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellComplained = resolve;
    });
  }

  draw(row: string | null): void {
    this.shown.push(`[${row ?? ""}]`);
  }

  drop(): void {
    const answer = this.#answer;
    this.#answer = null;
    this.asked = this.#nextQuestion();
    answer?.("");
  }

  close(): void {
    this.#closed = true;
    this.#answer?.(null);
    this.#answer = null;
  }

  /** What was shown since the last look. */
  look(): string[] {
    return this.shown.splice(0);
  }

  #nextQuestion(): Promise<void> {
    return new Promise((resolve) => {
      this.#tellAsked = resolve;
    });
  }
}

export interface Stay {
  readonly screen: FakeScreen;
  readonly client: FakeClient;
  readonly dialler: FakeDialler;
  /** The exit status, when it is over. */
  readonly over: Promise<number>;
  readonly complete: (line: string) => Promise<Completion>;
}

export interface StayOptions {
  readonly screen?: FakeScreen;
  readonly client?: FakeClient;
  readonly dialler?: FakeDialler;
  readonly folder?: string;
  readonly quiet?: boolean;
  readonly address?: string | null;
}

/** Somebody sits before a screen, and is connected. */
export async function stay(options: StayOptions = {}): Promise<Stay> {
  const { screen = new FakeScreen(), client = new FakeClient(), quiet = false } = options;
  const { dialler = new FakeDialler(client), folder: path = "/here", address = "host" } = options;
  const local = new LocalFolder(path, "/home/me");
  const shell = new Shell({ output: screen, dialler, local, quiet });
  const over = new Interactive(screen, shell).run(address);
  await Promise.race([screen.asked, over]);
  screen.look();
  return { screen, client, dialler, over, complete: (line) => screen.person.complete(line) };
}
