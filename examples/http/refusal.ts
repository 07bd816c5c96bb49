/** What is refused, with which status, and which section says so. */

/** Why a request was refused. Its connection is closed behind the answer. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly status: number;
  /** For people: one line, nothing of what the client sent in it. */
  readonly why: string;
  /** The section that demands or allows it, such as `RFC 9112 section 3.2`. */
  readonly source: string;
}

type Row = readonly [status: number, why: string, source: string];

const ROWS = {
  // The request line.
  "bare-cr": [400, "A CR is not followed by LF", "RFC 9112 section 2.2"],
  "bare-lf": [400, "A line ends with LF alone, not with CR LF", "RFC 9112 section 2.2"],
  "empty-lines": [400, "Too many empty lines before the request line", "RFC 9112 section 2.2"],
  "bad-request-line": [
    400,
    "A request line is a method, a target and a version, with one space between them",
    "RFC 9112 section 3",
  ],
  "bad-method": [400, "The method is not a token", "RFC 9110 section 9.1"],
  "method-too-long": [501, "No method here has so long a name", "RFC 9112 section 3"],
  "bad-target": [400, "The target has a byte that no target has", "RFC 9112 section 3.2"],
  "target-too-long": [414, "The target is too long", "RFC 9112 section 3"],
  "bad-target-form": [
    400,
    "The target has none of the four forms, or not one for this method",
    "RFC 9112 section 3.2",
  ],
  "bad-authority": [400, "The target's authority is no host and port", "RFC 9110 section 4.2"],
  "bad-version": [400, "The version is not written HTTP/1.1", "RFC 9112 section 2.3"],
  "version-unsupported": [505, "Only HTTP/1.0 and HTTP/1.1 are spoken", "RFC 9110 section 15.6.6"],
  // Fields.
  "head-too-large": [431, "The head is too large", "RFC 6585 section 5"],
  "too-many-fields": [431, "The head has too many fields", "RFC 6585 section 5"],
  "folded-line": [400, "A field's line begins with white space", "RFC 9112 section 5.2"],
  "bad-field-name": [
    400,
    "A field's name is not a token with a colon right behind it",
    "RFC 9112 section 5.1",
  ],
  "bad-field-value": [400, "A field's value has a control character", "RFC 9110 section 5.5"],
  "host-missing": [400, "HTTP/1.1 requests name their host", "RFC 9112 section 3.2"],
  "host-twice": [400, "There is more than one Host field", "RFC 9112 section 3.2"],
  "bad-host": [400, "Host is not a host and a port", "RFC 9112 section 3.2"],
  "unknown-expectation": [417, "Only 100-continue is an expectation", "RFC 9110 section 10.1.1"],
  // How long a body is.
  "bad-length": [400, "Content-Length is not one number", "RFC 9112 section 6.3"],
  "length-twice": [400, "There is more than one Content-Length", "RFC 9112 section 6.3"],
  "length-and-coding": [
    400,
    "Both Content-Length and Transfer-Encoding say how long the body is",
    "RFC 9112 section 6.1",
  ],
  "coding-in-1.0": [400, "HTTP/1.0 has no Transfer-Encoding", "RFC 9112 section 6.1"],
  "not-chunked": [400, "Transfer-Encoding does not end in one chunked", "RFC 9112 section 6.3"],
  "unknown-coding": [501, "Only chunked is done of transfer codings", "RFC 9112 section 6.1"],
  "connect-with-body": [400, "CONNECT has no body", "RFC 9110 section 9.3.6"],
  "content-too-large": [413, "The body is too large", "RFC 9110 section 15.5.14"],
  // Chunks.
  "bad-chunk-size": [400, "A chunk's size is not a hexadecimal number", "RFC 9112 section 7.1"],
  "bad-extension": [400, "A chunk extension is not written as one", "RFC 9112 section 7.1.1"],
  "chunk-line-too-long": [400, "A chunk's line is too long", "RFC 9112 section 7.1.1"],
  "extensions-too-large": [
    400,
    "All chunk extensions together are too large",
    "RFC 9112 section 7.1.1",
  ],
  "bad-chunk-end": [400, "A chunk does not end with CR LF where it should", "RFC 9112 section 7.1"],
  "trailers-too-large": [431, "The trailer section is too large", "RFC 6585 section 5"],
  "too-many-trailers": [431, "There are too many trailer fields", "RFC 6585 section 5"],
  "forbidden-trailer": [
    400,
    "A trailer field may not frame, route, control or authenticate",
    "RFC 9110 section 6.5.1",
  ],
  // The end of the stream.
  "incomplete-head": [400, "The connection ended inside a head", "RFC 9112 section 8"],
  "incomplete-body": [400, "The connection ended inside a body", "RFC 9112 section 8"],
} as const satisfies Record<string, Row>;

export type RefusalCode = keyof typeof ROWS;

/** All of them, in the order of a request's parts. */
export const REFUSALS = Object.fromEntries(
  Object.entries(ROWS).map(([code, [status, why, source]]) => {
    return [code, Object.freeze({ code, status, why, source })];
  }),
) as Readonly<Record<RefusalCode, Refusal>>;
