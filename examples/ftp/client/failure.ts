/**
 * What can go wrong, as the person who runs the client sees it: an exit status and one line that
 * says what happened, to what, and what to do. The table is that of docs/file-client.md.
 */

/** Exit status and meaning of each kind. 0 is success; 1 is what Node itself ends with. */
export const FAILURES = {
  misuse: [2, "wrong flags, addresses or commands"],
  "no-host": [3, "no such host"],
  refused: [4, "nobody answers there, or the server is full"],
  login: [5, "the server does not accept this user and password"],
  "no-file": [6, "no such file or folder, here or on the server"],
  "no-permission": [7, "not allowed, here or on the server"],
  "local-disk-full": [8, "no room on the disk here"],
  "remote-disk-full": [9, "no room on the server"],
  lost: [10, "the connection was lost"],
  "not-trusted": [11, "the server's certificate is not trusted, or TLS failed"],
  "timed-out": [12, "nothing moved for too long"],
  nonsense: [13, "the server does not speak FTP, or contradicts itself"],
  incomplete: [14, "the file has come with another size than it should have"],
  declined: [15, "the server will not do this, for a reason of its own"],
  "local-error": [16, "the file system here failed"],
  interrupted: [130, "interrupted (Ctrl-C)"],
} as const satisfies Readonly<Record<string, readonly [exitCode: number, meaning: string]>>;

export type FailureKind = keyof typeof FAILURES;

/** The only thing that the client's calls reject with. `message` is one line, safe for a terminal. */
export class ClientFailure extends Error {
  override readonly name = "ClientFailure";
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  get exitCode(): number {
    return FAILURES[this.kind][0];
  }
}
