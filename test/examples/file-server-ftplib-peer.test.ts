/** The file server spoken to with Python's ftplib, in the clear and over TLS. */
import { existsSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { authority, local } from "../support/certificates.ts";
import { absent, startClient } from "./file-server-clients.ts";
import { ANN, endFileServer, openUsersServer } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { digest, digestOf, HARDER_NAMES, NAMES, sample, SIZES } from "./file-server-samples.ts";
import { cleanUp, temporaryFolder, type Running } from "./programs.ts";

afterAll(cleanUp);

/**
 * A session for each program that comes: `ftp` is logged in, and `given` is what the test gives. What
 * the program tells is answered, or why it has failed.
 */
const INTERPRETER = `
import ftplib, hashlib, io, json, os, socket, ssl, struct, sys, traceback
host, port, user, password, tls, passive, ca = json.loads(sys.argv[1])

RESET = struct.pack('ii', 1, 0)

def digest(data):
    return hashlib.sha256(data).hexdigest()

def get(path, **options):
    into = io.BytesIO()
    said = ftp.retrbinary('RETR ' + path, into.write, **options)
    return [said[:3], digest(into.getvalue())]

def put(path, data, **options):
    return ftp.storbinary('STOR ' + path, io.BytesIO(data), **options)[:3]

def refusal(call, *arguments):
    try:
        return call(*arguments)
    except ftplib.Error as error:
        return str(error)[:3]

for line in sys.stdin:
    program, given = json.loads(line)
    answer = {}
    tell = lambda value: answer.update(told=value)
    try:
        if tls:
            ftp = ftplib.FTP_TLS(context=ssl.create_default_context(cafile=ca))
        else:
            ftp = ftplib.FTP()
        ftp.connect(host, port, timeout=20)
        ftp.login(user, password)
        if tls:
            ftp.prot_p()
        ftp.set_pasv(passive)
        exec(program)
        answer['end'] = ftp.quit()[:3]
    except Exception:
        answer['end'] = traceback.format_exc()
    print(json.dumps(answer), flush=True)
`;

const secrets = temporaryFolder();
const ca = join(secrets, "ca");

async function openServer(tls: boolean): Promise<FileServer> {
  writeFileSync(ca, authority.cert);
  for (const part of ["cert", "key"] as const) writeFileSync(join(secrets, part), local[part]);
  const identity = ["--cert", join(secrets, "cert"), "--key", join(secrets, "key")];
  return openUsersServer(...identity, "--tls", tls ? "data" : "offered");
}

describe.skipIf(absent("python3")).each([
  { how: "FTP, passive", tls: false, passive: true },
  { how: "FTP, active", tls: false, passive: false },
  { how: "FTP_TLS, passive", tls: true, passive: true },
  { how: "FTP_TLS, active", tls: true, passive: false },
])("real peer: ftplib's $how", (way) => {
  let server: FileServer;
  let python: Running;

  beforeAll(async () => {
    server = await openServer(way.tls);
    const { host, port } = server;
    const { name, password } = ANN;
    const setting = JSON.stringify([host, port, name, password, way.tls, way.passive, ca]);
    python = startClient("python3", ["-c", INTERPRETER, setting]);
  });

  afterAll(async () => {
    python.child.stdin!.end();
    expect(await python.ended).toEqual({ code: 0, signal: null });
    expect(python.err.lines).toEqual([]);
    await endFileServer(server);
  });

  const at = (path: string): string => join(server.root, path);

  /** Runs a program in a session of its own, and answers what it tells. */
  async function told(program: string, given: unknown = null): Promise<unknown> {
    python.child.stdin!.write(`${JSON.stringify([program, given])}\n`);
    const answer = JSON.parse(await python.out.until(/./)) as { told: unknown; end: string };
    expect(answer.end).toBe("221");
    return answer.told;
  }

  test("storbinary and retrbinary, files of all sizes", async () => {
    for (const size of SIZES) writeFileSync(at(`from ${size}`), sample(size));
    const answers = await told(
      `
def copy(size):
    into = io.BytesIO()
    ftp.retrbinary(f'RETR from {size}', into.write)
    return put(f'to {size}', into.getvalue())
tell([[copy(size), ftp.size(f'to {size}')] for size in given])
`,
      SIZES,
    );
    expect(answers).toEqual(SIZES.map((size) => ["226", size]));
    for (const size of SIZES) expect(digestOf(at(`to ${size}`))).toBe(digest(sample(size)));
  });

  test("files of all names, with nlst", async () => {
    const names = [...NAMES, ...HARDER_NAMES];
    mkdirSync(at("named"));
    const answer = await told(
      `
ftp.cwd('named')
for name in given:
    put(name, name.encode())
tell([ftp.nlst(), [get(name) for name in given]])
`,
      names,
    );
    expect(answer).toEqual([
      expect.arrayContaining(names),
      names.map((name) => ["226", digest(Buffer.from(name))]),
    ]);
    expect((await readdir(at("named"))).sort()).toEqual(names.sort());
  });

  test("REST: transfers go on where they were broken off", async () => {
    const whole = sample(200_000);
    writeFileSync(at("whole"), whole);
    writeFileSync(at("half"), whole.subarray(0, 70_001));
    const answer = await told(`
into = io.BytesIO()
ftp.retrbinary('RETR whole', into.write)
tell([get('whole', rest=70001), put('half', into.getvalue()[70001:], rest=70001), get('whole')])
`);
    const rest = digest(whole.subarray(70_001));
    expect(answer).toEqual([["226", rest], "226", ["226", digest(whole)]]);
    expect(digestOf(at("half"))).toBe(digest(whole));
  });

  test("storlines and retrlines: line ends of text are converted both ways", async () => {
    const answer = await told(`
lines = []
said = ftp.storlines('STOR text', io.BytesIO(b'one\\ntwo\\r\\n\\nfour'))
ftp.retrlines('RETR text', lines.append)
with ftp.transfercmd('RETR text') as data:
    raw = b''.join(iter(lambda: data.recv(100), b''))
ftp.voidresp()
size = refusal(ftp.size, 'text')
tell([said[:3], lines, raw.decode(), size, get('text')])
`);
    const stored = digest(Buffer.from("one\ntwo\n\nfour\n"));
    const raw = "one\r\ntwo\r\n\r\nfour\r\n";
    expect(answer).toEqual(["226", ["one", "two", "", "four"], raw, "550", ["226", stored]]);
    expect(digestOf(at("text"))).toBe(stored);
  });

  test("mlsd, dir, mkd, cwd, rename, delete and rmd", async () => {
    mkdirSync(at("shelf"));
    writeFileSync(at("shelf/file"), sample(12_345));
    utimesSync(at("shelf/file"), 0, new Date("2020-01-02T03:04:05Z"));
    const answer = await told(`
made = ftp.mkd('shelf/a "quoted" one')
ftp.cwd(made)
here = ftp.pwd()
ftp.cwd('..')
facts = sorted(ftp.mlsd('', ['type', 'size', 'modify']), key=lambda entry: entry[0])
lines = []
ftp.dir(lines.append)
ftp.rename('file', f'{made}/moved')
moved = [ftp.nlst(), ftp.nlst(made)]
refused = refusal(ftp.rmd, made)
ftp.delete(f'{made}/moved')
ftp.rmd(made)
facts[0][1].pop('modify')
tell([made, here, facts, len(lines), moved, refused, ftp.nlst()])
`);
    const made = '/shelf/a "quoted" one';
    const [name] = made.split("/").slice(-1);
    expect(answer).toEqual([
      ...[made, made],
      [
        [name, { type: "dir" }],
        ["file", { type: "file", size: "12345", modify: "20200102030405" }],
      ],
      ...[2, [[name], [`${made}/moved`]], "550", []],
    ]);
  });

  describe("a transfer that is broken off", () => {
    beforeEach(() => {
      // More than the system hides; a hole costs nothing.
      writeFileSync(at("endless"), "");
      truncateSync(at("endless"), 1024 ** 3);
    });

    test("abort in mid-download: 426, then 226, and the session goes on", async () => {
      const answer = await told(`
ftp.voidcmd('TYPE I')
data = ftp.transfercmd('RETR endless')
data.recv(1000)
said = [ftp.abort()[:3], ftp.voidresp()[:3]]
data.close()
tell([said, ftp.pwd(), put('after', b'after'), get('after')[0]])
`);
      expect(answer).toEqual([["426", "226"], "/", "226", "226"]);
    });

    test("abort in mid-upload: 426, and the old file stays", async () => {
      writeFileSync(at("kept"), "old");
      const answer = await told(`
ftp.voidcmd('TYPE I')
data = ftp.transfercmd('STOR kept')
data.sendall(b'new' * 100000)
said = [ftp.abort()[:3], ftp.voidresp()[:3]]
data.close()
tell([said, get('kept')])
`);
      expect(answer).toEqual([
        ["426", "226"],
        ["226", digest(Buffer.from("old"))],
      ]);
      expect(await readdir(server.root)).not.toContainEqual(expect.stringMatching(/^\.iomux/));
    });

    const cuts = { reset: "setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)" };
    // Without TLS this is an end like others.
    const tlsCuts = { ...cuts, "end without TLS's goodbye": "fileno()" };

    test.each(Object.entries(way.tls ? tlsCuts : cuts))(
      "a %s in mid-upload: 426, and there is no file",
      async (_, cut) => {
        // More than the system hides: the server has begun to read it.
        const answer = await told(`
ftp.voidcmd('TYPE I')
data = ftp.transfercmd('STOR cut')
data.sendall(b'new' * 10 ** 7)
data.${cut}
os.close(data.detach())
tell([refusal(ftp.voidresp), ftp.pwd()])
`);
        expect(answer).toEqual(["426", "/"]);
        expect(existsSync(at("cut"))).toBe(false);
      },
    );
  });
});
