/** What a client hears of an HTTP server: answers, cut out of bytes by rules of its own. */

export interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** False: the bytes end before the answer does. */
  readonly isWhole: boolean;
}

/** `methods`: of the requests, in order; GET where none is given. `ended`: nothing more comes. */
export function readAnswers(
  bytes: Buffer,
  methods: readonly string[] = [],
  ended = false,
): readonly Answer[] {
  const answers: Answer[] = [];
  let asked = 0;
  for (let at = 0; at < bytes.length;) {
    const head = bytes.indexOf("\r\n\r\n", at);
    if (head === -1) break;
    const lines = bytes.toString("latin1", at, head).split("\r\n");
    const line = /^HTTP\/1\.1 (\d{3}) [^\r\n]*$/.exec(lines[0]!);
    if (line === null) throw new Error(`no status line: ${JSON.stringify(lines[0])}`);
    const status = Number(line[1]);
    const fields = new Map(lines.slice(1).map(fieldOf));
    const method = status < 200 ? "100" : (methods[asked++] ?? "GET");
    const read = bodyOf(bytes, head + 4, { status, fields, method, ended });
    answers.push({ status, fields, body: read.body, isWhole: read.end !== null });
    if (read.end === null) break;
    at = read.end;
  }
  return answers;
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(":");
  if (colon < 1) throw new Error(`no field: ${JSON.stringify(line)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly method: string;
  readonly ended: boolean;
}

interface Read {
  readonly body: Buffer;
  /** Where it ends; null: it does not yet. */
  readonly end: number | null;
}

function bodyOf(bytes: Buffer, at: number, { status, fields, method, ended }: Head): Read {
  const none = status < 200 || status === 204 || status === 304 || method === "HEAD";
  if (none) return { body: Buffer.alloc(0), end: at };
  if (fields.get("transfer-encoding") === "chunked") return chunksOf(bytes, at);
  const length = fields.get("content-length");
  // Up to the end of the connection: whether that is all, nobody knows.
  if (length === undefined) return { body: bytes.subarray(at), end: ended ? bytes.length : null };
  const end = at + Number(length);
  return { body: bytes.subarray(at, end), end: end <= bytes.length ? end : null };
}

function chunksOf(bytes: Buffer, from: number): Read {
  const chunks: Buffer[] = [];
  for (let at = from; ;) {
    const line = bytes.indexOf("\r\n", at);
    if (line === -1) return { body: Buffer.concat(chunks), end: null };
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (size === 0) {
      const end = bytes.indexOf("\r\n\r\n", line);
      return { body: Buffer.concat(chunks), end: end === -1 ? null : end + 4 };
    }
    const end = line + 2 + size;
    chunks.push(bytes.subarray(line + 2, end));
    if (end + 2 > bytes.length) return { body: Buffer.concat(chunks), end: null };
    if (bytes.toString("latin1", end, end + 2) !== "\r\n") throw new Error("a chunk has no end");
    at = end + 2;
  }
}
