/**
 * A log that is written line by line, and bounded: what waits while the disk is slow, and what is
 * on it. A full file is put aside as `FILE.1`, in place of the one before.
 */
import fs from "node:fs/promises";

/** Bytes that may wait for the disk; lines beyond are left out, and counted. */
export const MAX_WAITING_BYTES = 1024 * 1024;

export interface LogFileOptions {
  readonly maxBytes: number;
  /** Hears that it cannot be written, once until it can again. */
  readonly report: (error: unknown) => void;
}

export class LogFile {
  readonly #path: string;
  readonly #options: LogFileOptions;
  #size: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #missing = 0;
  #broken = false;
  /** What was written last may have stopped in the middle of a line. */
  #torn = false;
  #writing: Promise<void> | null = null;

  private constructor(path: string, size: number, options: LogFileOptions) {
    this.#path = path;
    this.#size = size;
    this.#options = options;
  }

  /** Rejects with one line if it cannot be written. */
  static async open(path: string, options: LogFileOptions): Promise<LogFile> {
    try {
      await fs.appendFile(path, "", { mode: 0o600 });
      const { size } = await fs.stat(path);
      return new LogFile(path, size, options);
    } catch (error) {
      throw new Error(`${path}: cannot be written: ${(error as Error).message}`, { cause: error });
    }
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#missing++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything is written, or has failed. */
  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#append(`${lines.join("\n")}\n`);
        this.#broken = false;
      } catch (error) {
        if (!this.#broken) this.#options.report(error);
        this.#broken = true;
        this.#torn = true;
        this.#missing += lines.length;
      }
    }
    this.#writing = null;
  }

  async #append(text: string): Promise<void> {
    const begin = this.#torn ? await this.#mend() : "";
    if (this.#size >= this.#options.maxBytes) {
      await this.#putAside();
      this.#size = 0;
    }
    const missing = this.#missing;
    const note = missing === 0 ? "" : `# ${missing} lines were left out\n`;
    await fs.appendFile(this.#path, begin + note + text, { mode: 0o600 });
    this.#torn = false;
    this.#missing -= missing;
    this.#size += Buffer.byteLength(begin + note + text);
  }

  /** What ends a line that was begun. */
  async #mend(): Promise<string> {
    const size = await fs.stat(this.#path).then(
      (stats) => stats.size,
      () => 0,
    );
    const begun = size > this.#size;
    this.#size = size;
    return begun ? "\n" : "";
  }

  async #putAside(): Promise<void> {
    try {
      await fs.rename(this.#path, `${this.#path}.1`);
    } catch (error) {
      // Somebody else has done so: a new one is begun.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** Null: none was asked for. Rejects with one line if it cannot be written. */
export async function openLog(
  path: string | null,
  options: LogFileOptions,
): Promise<LogFile | null> {
  return path === null ? null : LogFile.open(path, options);
}
