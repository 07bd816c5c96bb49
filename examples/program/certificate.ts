/** Who the server is, to clients that want TLS: as the operator says, or made for this run. */
import fs from "node:fs/promises";

import { createTlsContext, type TlsContext, type TlsIdentity } from "iomux";
import { generate } from "selfsigned";

const DAY_MS = 86_400_000;
/** A server that runs for longer is given a certificate of its own. */
const SELF_SIGNED_DAYS = 365;

/** PEM files. */
interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * Null: a certificate that is made for this run. Rejects with one line if a file cannot be read, or
 * if TLS cannot use it. `protocols`: what ALPN may agree on.
 */
export async function openTls(
  files: IdentityFiles | null,
  protocols?: readonly string[],
): Promise<TlsContext> {
  const identity = files === null ? await selfSigned(Date.now()) : await readIdentity(files);
  return createTlsContext({ ...identity, ...(protocols && { alpnProtocols: protocols }) });
}

async function readIdentity(files: IdentityFiles): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([read(files.cert), read(files.key)]);
  return { cert, key };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    throw new Error(`${file}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Encrypts, but proves nothing: nobody has signed for it. */
async function selfSigned(nowMs: number): Promise<TlsIdentity> {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(nowMs - DAY_MS),
    notAfterDate: new Date(nowMs + SELF_SIGNED_DAYS * DAY_MS),
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
