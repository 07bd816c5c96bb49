/** A file between the server and the disk here: where it begins, how far it is, whether it is whole. */
import type { Dialogue } from "./dialogue.ts";
import { Download } from "./download.ts";
import { ClientFailure } from "./failure.ts";
import { breakFailure } from "./failure-causes.ts";
import { printable } from "../replies.ts";
import type { TransferOptions, Transferred } from "./ftp-client.ts";
import { formatBytes, type Progress } from "./progress.ts";
import type { Mover, Turn } from "./session.ts";
import { Upload } from "./upload.ts";
import type { Moved } from "./wishes.ts";

/** Between two reports of how far it is. */
const PROGRESS_MS = 100;

export interface Transfer extends TransferOptions {
  /** `user@host:port` */
  readonly site: string;
  readonly remote: string;
  readonly local: string;
}

export async function getFile(
  turn: Turn,
  dialogue: Dialogue,
  transfer: Transfer,
): Promise<Transferred> {
  const { remote, local, resume, signal } = transfer;
  const asked = signal === undefined ? {} : { signal };
  const size = await turn.run(dialogue.size(remote), asked);
  const modifiedMs = await turn.run(dialogue.modified(remote), asked);
  const origin = `${transfer.site}${await turn.run(dialogue.absolute(remote), asked)}`;
  const file = await Download.open(local, { origin, size, modifiedMs, resume });
  const meter = new Meter(turn, transfer, { size, before: file.length });
  const mover: Mover = {
    move: (data) =>
      data.receive({
        async write(bytes) {
          await file.write(bytes);
          meter.moved(bytes.length);
        },
      }),
    async beginAnew() {
      await file.beginAnew();
      meter.before = 0;
    },
  };
  try {
    if (file.length === 0 || file.length !== size) {
      const operation = dialogue.retrieve(remote, file.length);
      const moved = await turn.run(operation, { ...asked, mover, exists: size !== null });
      checkWhole(remote, size, file.length, moved);
    }
    const after = await turn.run(dialogue.size(remote), asked);
    if (after !== null && after !== file.length) throw changed(remote, "on the server");
    await file.commit();
  } catch (error) {
    throw withKept(error as ClientFailure, await file.keep(), file.length);
  }
  meter.whole();
  return { bytes: file.length, resumedAt: meter.before };
}

/** An end that nobody has confirmed is one of the whole file only if that is known to be so long. */
function checkWhole(remote: string, size: number | null, came: number, moved: Moved): void {
  if (size === null && moved === "unconfirmed") {
    throw breakFailure(`${remote}: nobody says whether all of it has come`);
  }
  if (size === null || size === came) return;
  const text = `${printable(remote)}: ${came} bytes have come of ${size}, and the server says that this was all`;
  throw new ClientFailure("incomplete", `${text}; try again`);
}

function changed(path: string, where: string): ClientFailure {
  const text = `${printable(path)} has changed ${where} meanwhile: try again`;
  return new ClientFailure("incomplete", text);
}

function withKept(failure: ClientFailure, part: string | null, bytes: number): ClientFailure {
  if (part === null) return failure;
  const { kind, message } = failure;
  const text = `${message}; ${formatBytes(bytes)} are kept in ${printable(part)}, and a get that resumes goes on there`;
  return new ClientFailure(kind, text, { cause: failure });
}

export async function putFile(
  turn: Turn,
  dialogue: Dialogue,
  transfer: Transfer,
): Promise<Transferred> {
  const { remote, local, resume, signal } = transfer;
  const asked = signal === undefined ? {} : { signal };
  const file = await Upload.open(local);
  try {
    const offset = resume ? await remoteHalf(turn, dialogue, transfer, file) : 0;
    const meter = new Meter(turn, transfer, { size: file.size, before: offset });
    file.seek(offset);
    const mover: Mover = {
      move: (data) =>
        data.send({
          async next(maxBytes) {
            const bytes = await file.next(maxBytes);
            if (bytes !== null) meter.moved(bytes.length);
            return bytes;
          },
        }),
      beginAnew: () => Promise.resolve(),
    };
    if (offset === 0 || offset < file.size) {
      const operation = dialogue.store(remote, offset);
      await turn.run(operation, { ...asked, mover }).catch(async (error: unknown) => {
        const failure = error as ClientFailure;
        // A server that knows neither REST nor APPE gets all of it.
        if (offset === 0 || failure.kind !== "declined") throw failure;
        file.seek(0);
        meter.before = 0;
        await turn.run(dialogue.store(remote, 0), { ...asked, mover });
      });
    }
    if (!(await file.isUnchanged())) throw changed(local, "here");
    const after = await turn.run(dialogue.size(remote), asked);
    if (after !== null && after !== file.size) {
      const text = `${printable(remote)} has ${after} bytes on the server, and ${file.size} here`;
      throw new ClientFailure("incomplete", `${text}: try again`);
    }
    meter.whole();
    return { bytes: file.size, resumedAt: meter.before };
  } finally {
    await file.close();
  }
}

/** Bytes of it that the server has: none if the file here was changed after that. */
async function remoteHalf(
  turn: Turn,
  dialogue: Dialogue,
  { remote, signal }: Transfer,
  file: Upload,
): Promise<number> {
  const asked = signal === undefined ? {} : { signal };
  const size = await turn.run(dialogue.size(remote), asked);
  if (size === null || size > file.size) return 0;
  const modifiedMs = await turn.run(dialogue.modified(remote), asked);
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  const older = modifiedMs !== null && seconds(modifiedMs) < seconds(file.modifiedMs);
  return older ? 0 : size;
}

class Meter {
  /** Bytes that were there before. */
  before: number;
  readonly #turn: Turn;
  readonly #transfer: Transfer;
  readonly #size: number | null;
  readonly #begunMs: number;
  #toldMs: number;
  #moved = 0;

  constructor(
    turn: Turn,
    transfer: Transfer,
    { size, before }: { readonly size: number | null; readonly before: number },
  ) {
    this.#turn = turn;
    this.#transfer = transfer;
    this.#size = size;
    this.before = before;
    this.#begunMs = this.#toldMs = turn.now();
  }

  moved(bytes: number): void {
    this.#moved += bytes;
    if (this.#turn.now() - this.#toldMs >= PROGRESS_MS) this.#tell();
  }

  whole(): void {
    this.#tell();
  }

  #tell(): void {
    this.#toldMs = this.#turn.now();
    const progress: Progress = {
      name: this.#transfer.remote.split("/").at(-1)!,
      size: this.#size,
      before: this.before,
      moved: this.#moved,
      elapsedMs: this.#toldMs - this.#begunMs,
    };
    this.#transfer.onProgress?.(progress);
  }
}
