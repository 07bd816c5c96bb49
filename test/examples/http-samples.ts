/** Requests, as they should be read: which are refused and why, and which are not. */
import type { ProtocolLimits } from "../../examples/http/http-limits.ts";
import type { RefusalCode } from "../../examples/http/refusal.ts";

const HOST = "Host: a\r\n";

/** A request of these lines; Host is added. */
export function get(line: string, ...fields: string[]): string {
  return `${[line, "Host: a", ...fields].join("\r\n")}\r\n\r\n`;
}

function post(fields: readonly string[], body: string): string {
  return get("POST / HTTP/1.1", ...fields) + body;
}

function fields(...lines: string[]): string {
  return get("GET / HTTP/1.1", ...lines);
}

function length(value: string, body = "abc"): string {
  return post([`Content-Length:${value}`], body);
}

function coding(...values: string[]): string {
  return post(
    values.map((value) => `Transfer-Encoding:${value}`),
    "0\r\n\r\n",
  );
}

export function chunks(body: string): string {
  return post(["Transfer-Encoding: chunked"], body);
}

function hosts(...lines: string[]): string {
  return `GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

export interface RefusedSample {
  readonly what: string;
  readonly text: string;
  readonly code: RefusalCode;
  readonly limits?: Partial<ProtocolLimits>;
}

type Row = readonly [what: string, text: string, limits?: Partial<ProtocolLimits>];

const REFUSED_ROWS: Readonly<Record<RefusalCode, readonly Row[]>> = {
  "bare-cr": [
    ["CR in a request line", get("GET /\r HTTP/1.1")],
    ["CR for CR LF", `GET / HTTP/1.1\r${HOST}\r\n`],
    ["CR in a value", fields("X: a\rb")],
    ["CR CR LF", fields("X: a\r")],
    ["CR before a request line", `\rGET / HTTP/1.1\r\n${HOST}\r\n`],
    ["CR CR LF before a request line", `\r\r\nGET / HTTP/1.1\r\n${HOST}\r\n`],
    ["CR alone, and the end", "\r"],
    ["CR in a name", fields("X\rY: a")],
    ["CR for the empty line", `GET / HTTP/1.1\r\n${HOST}\rX: y\r\n\r\n`],
    ["CR in a chunk's line", chunks("3\rabc\r\n0\r\n\r\n")],
    ["CR CR LF behind a chunk's size", chunks("3\r\r\nabc\r\n0\r\n\r\n")],
    ["CR in a trailer", chunks("0\r\nX: a\rb\r\n\r\n")],
  ],
  "bare-lf": [
    ["LF behind a request line", `GET / HTTP/1.1\n${HOST}\r\n`],
    ["LF everywhere", "GET / HTTP/1.1\nHost: a\n\n"],
    ["LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"],
    ["LF for the empty line", `GET / HTTP/1.1\r\n${HOST}\n`],
    ["LF before a request line", `\nGET / HTTP/1.1\r\n${HOST}\r\n`],
    ["LF behind a name", fields("X\n")],
    ["LF behind a chunk's size", chunks("3\nabc\r\n0\r\n\r\n")],
    ["LF in a chunk extension", chunks("3;a\nb\r\nabc\r\n0\r\n\r\n")],
    ["LF behind a trailer", chunks("0\r\nX: a\n\r\n")],
  ],
  "empty-lines": [["five empty lines", `${"\r\n".repeat(5)}GET / HTTP/1.1\r\n${HOST}\r\n`]],
  "bad-request-line": [
    ["two spaces behind the method", get("GET  / HTTP/1.1")],
    ["two spaces behind the target", get("GET /  HTTP/1.1")],
    ["a space in the target", get("GET /a b HTTP/1.1")],
    ["a space behind the version", get("GET / HTTP/1.1 ")],
    ["no version", "GET /\r\n\r\n"],
    ["no target", get("GET HTTP/1.1")],
    ["an empty target", get("GET  HTTP/1.1")],
    ["a method alone", "GET\r\n\r\n"],
  ],
  "bad-method": [
    ["a space first", get(" GET / HTTP/1.1")],
    ["a tab for the space", get("GET\t/ HTTP/1.1")],
    ["a colon in it", get("GET: / HTTP/1.1")],
    ["NUL in it", get("GE\0T / HTTP/1.1")],
    ["a byte beyond ASCII", get("G\xc9T / HTTP/1.1")],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ],
  "method-too-long": [
    ["33 bytes", get(`${"A".repeat(33)} / HTTP/1.1`)],
    ["without an end", "A".repeat(40_000)],
  ],
  "bad-target": [
    ["a fragment", get("GET /a#b HTTP/1.1")],
    ["a fragment of an absolute target", get("GET http://a/#b HTTP/1.1")],
    ["a tab", get("GET /a\tb HTTP/1.1")],
    ["NUL", get("GET /a\0b HTTP/1.1")],
    ["DEL", get("GET /a\x7fb HTTP/1.1")],
    ["a byte beyond ASCII", get("GET /\xe9 HTTP/1.1")],
  ],
  "target-too-long": [
    ["8,193 bytes", get(`GET /${"a".repeat(8192)} HTTP/1.1`)],
    ["without an end", `GET /${"a".repeat(40_000)}`],
    ["beyond the limit of a head", get(`GET /${"a".repeat(200)} HTTP/1.1`), { maxTargetBytes: 99 }],
  ],
  "bad-target-form": [
    ["a relative path", get("GET a/b HTTP/1.1")],
    ["the asterisk for GET", get("GET * HTTP/1.1")],
    ["an authority for GET", get("GET a:80 HTTP/1.1")],
    ["a path for CONNECT", get("CONNECT /a HTTP/1.1")],
    ["a URI for CONNECT", get("CONNECT http://a:80 HTTP/1.1")],
    ["a query alone", get("GET ?a HTTP/1.1")],
    ["another scheme", get("GET ftp://a/b HTTP/1.1")],
    ["a scheme without slashes", get("GET http:a HTTP/1.1")],
  ],
  "bad-authority": [
    ["no host in a URI", get("GET http:///a HTTP/1.1")],
    ["a port alone in a URI", get("GET http://:80/a HTTP/1.1")],
    ["a user in a URI", get("GET http://user@a/ HTTP/1.1")],
    ["a port over 65,535", get("GET http://a:65536/ HTTP/1.1")],
    ["CONNECT without a port", get("CONNECT a HTTP/1.1")],
    ["CONNECT with an empty port", get("CONNECT a: HTTP/1.1")],
    ["CONNECT with port 0", get("CONNECT a:0 HTTP/1.1")],
    ["CONNECT without a host", get("CONNECT :80 HTTP/1.1")],
    ["CONNECT with a port over 65,535", get("CONNECT a:99999 HTTP/1.1")],
  ],
  "bad-version": [
    ["lower case", get("GET / http/1.1")],
    ["without a minor version", get("GET / HTTP/1")],
    ["of two digits", get("GET / HTTP/1.10")],
    ["with a leading zero", get("GET / HTTP/01.1")],
    ["with a comma", get("GET / HTTP/1,1")],
    ["a sign", get("GET / HTTP/+1.1")],
    ["NUL behind it", get("GET / HTTP/1.1\0")],
    ["a tab behind it", get("GET / HTTP/1.1\t")],
    ["another protocol", get("GET / ICE/1.0")],
  ],
  "version-unsupported": [
    ["HTTP/2.0", get("GET / HTTP/2.0")],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["HTTP/0.9", get("GET / HTTP/0.9")],
    ["HTTP/3.0", get("GET / HTTP/3.0")],
  ],
  "head-too-large": [
    ["one field of 16 KiB", fields(`X: ${"a".repeat(16_384)}`)],
    ["many fields", fields(...Array.from({ length: 90 }, () => `X: ${"a".repeat(200)}`))],
    ["one byte over", fields("X: abc"), { maxHeadBytes: fields("X: abc").length - 1 }],
    ["a field without an end", `GET / HTTP/1.1\r\nX: ${"a".repeat(40_000)}`],
  ],
  "too-many-fields": [
    ["101", fields(...Array.from({ length: 100 }, () => "X: a"))],
    ["four of three", fields("A: 1", "B: 2", "C: 3"), { maxFields: 3 }],
  ],
  "folded-line": [
    ["a line that begins with a space", fields("X: a", " b")],
    ["a line that begins with a tab", fields("X: a", "\tb")],
    ["the first line", `GET / HTTP/1.1\r\n X: a\r\n${HOST}\r\n`],
    ["a line of blanks", fields("X: a", "  ")],
    ["in a trailer section", chunks("0\r\nX: a\r\n b\r\n\r\n")],
  ],
  "bad-field-name": [
    ["a space before the colon", fields("Content-Length : 3")],
    ["a tab before the colon", fields("Transfer-Encoding\t: chunked")],
    ["no colon", fields("X")],
    ["no name", fields(": a")],
    ["a space in it", fields("X Y: a")],
    ["a quote in it", fields('X"Y: a')],
    ["NUL in it", fields("X\0Y: a")],
    ["a byte beyond ASCII", fields("X\xe9: a")],
    ["in a trailer", chunks("0\r\nX : a\r\n\r\n")],
  ],
  "bad-field-value": [
    ["NUL", fields("X: a\0b")],
    ["a control character", fields("X: a\x01b")],
    ["DEL", fields("X: a\x7fb")],
    ["a vertical tab before it", fields("Transfer-Encoding: \x0bchunked")],
    ["in a trailer", chunks("0\r\nX: a\0b\r\n\r\n")],
  ],
  "host-missing": [["no Host", "GET / HTTP/1.1\r\n\r\n"]],
  "host-twice": [
    ["two hosts", hosts("Host: a", "Host: b")],
    ["the same twice", hosts("Host: a", "host: a")],
    ["with an absolute target", get("GET http://a/ HTTP/1.1", "HOST: b")],
  ],
  "bad-host": [
    ["a space in it", hosts("Host: a b")],
    ["a path", hosts("Host: a/b")],
    ["a URI", hosts("Host: http://a")],
    ["a user", hosts("Host: u@a")],
    ["a list", hosts("Host: a, b")],
    ["a port that is no number", hosts("Host: a:b")],
    ["a port over 65,535", hosts("Host: a:65536")],
    ["two ports", hosts("Host: a:1:2")],
    ["an IPv6 address without brackets", hosts("Host: ::1")],
    ["an open bracket", hosts("Host: [::1")],
    ["a bad escape", hosts("Host: %zz")],
    ["a byte beyond ASCII", hosts("Host: \xe9")],
    ["also where it does not count", "GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n"],
  ],
  "unknown-expectation": [
    ["another one", fields("Expect: 200-ok")],
    ["another one beside 100-continue", fields("Expect: 100-continue, x")],
    ["twice", fields("Expect: 100-continue", "Expect: 100-continue")],
    ["an empty one", fields("Expect:")],
  ],
  "bad-length": [
    ["a list of two that are equal", length(" 3, 3")],
    ["a list of two that differ", length(" 3, 4")],
    ["a plus sign", length(" +3")],
    ["a minus sign", length(" -3")],
    ["a hexadecimal number", length(" 0x3")],
    ["an exponent", length(" 3e0")],
    ["a fraction", length(" 3.0")],
    ["a space within", length(" 3 3")],
    ["a tab around it", length("\t3")],
    ["a tab behind it", length(" 3\t")],
    ["an underscore", length(" 3_0")],
    ["nothing", length("", "")],
    ["quotes", length(' "3"')],
    ["a semicolon", length(" 3;")],
  ],
  "length-twice": [
    ["that differ", post(["Content-Length: 3", "Content-Length: 4"], "abc")],
    ["that are equal", post(["Content-Length: 3", "content-length: 3"], "abc")],
  ],
  "length-and-coding": [
    ["length first", post(["Content-Length: 3", "Transfer-Encoding: chunked"], "0\r\n\r\n")],
    ["coding first", post(["Transfer-Encoding: chunked", "Content-Length: 3"], "0\r\n\r\n")],
    ["in odd case", post(["TRANSFER-encoding: CHUNKED", "cONTENT-lENGTH: 0"], "0\r\n\r\n")],
    ["of an empty coding", post(["Transfer-Encoding:", "Content-Length: 3"], "abc")],
    ["of an unknown coding", post(["Content-Length: 3", "Transfer-Encoding: x"], "abc")],
  ],
  "coding-in-1.0": [
    ["chunked", get("POST / HTTP/1.0", "Transfer-Encoding: chunked") + "0\r\n\r\n"],
    ["kept alive", get("POST / HTTP/1.0", "Connection: keep-alive", "Transfer-Encoding: x")],
  ],
  "not-chunked": [
    ["gzip alone", coding(" gzip")],
    ["identity", coding(" identity")],
    ["gzip behind chunked", coding(" chunked, gzip")],
    ["gzip behind chunked, in two lines", coding(" chunked", " gzip")],
    ["chunked twice", coding(" chunked, chunked")],
    ["chunked twice, in two lines", coding(" chunked", " chunked")],
    ["something that ends like it", coding(" xchunked")],
    ["something that begins like it", coding(" chunkedx")],
    ["an empty element behind it", coding(" chunked,")],
    ["an empty element before it", coding(" ,chunked")],
    ["nothing", coding("")],
    ["quotes", coding(' "chunked"')],
    ["a parameter", coding(" chunked;a=b")],
    ["a tab before it", coding("\tchunked")],
    ["a tab behind it", coding(" chunked\t")],
    ["a byte beyond ASCII", coding(" chunk\xe9d")],
  ],
  "unknown-coding": [
    ["gzip before chunked", coding(" gzip, chunked")],
    ["gzip before chunked, in two lines", coding(" gzip", " chunked")],
    ["identity before chunked", coding(" identity, chunked")],
  ],
  "connect-with-body": [
    ["a length", get("CONNECT a:80 HTTP/1.1", "Content-Length: 3") + "abc"],
    ["chunks", get("CONNECT a:80 HTTP/1.1", "Transfer-Encoding: chunked") + "0\r\n\r\n"],
  ],
  "content-too-large": [
    ["a length", length(" 1048577", "")],
    ["a length beyond all numbers", length(" 99999999999999999999999999", "")],
    ["the length 2^64 + 3", length(" 18446744073709551619")],
    ["one chunk", chunks("100001\r\n")],
    ["a chunk of 2^64 + 3 bytes", chunks("10000000000000003\r\nabc\r\n0\r\n\r\n")],
    ["a chunk beyond all numbers", chunks(`${"f".repeat(600)}\r\n`)],
    ["two chunks", chunks("3\r\nabc\r\n2\r\nde\r\n"), { maxBodyBytes: 4 }],
    ["without a limit", length(" 9007199254740992", ""), { maxBodyBytes: null }],
    ["chunks without a limit", chunks("20000000000000\r\n"), { maxBodyBytes: null }],
  ],
  "bad-chunk-size": [
    ["0x", chunks("0x3\r\nabc\r\n0\r\n\r\n")],
    ["a plus sign", chunks("+3\r\nabc\r\n0\r\n\r\n")],
    ["a minus sign", chunks("-3\r\nabc\r\n0\r\n\r\n")],
    ["nothing", chunks("\r\nabc\r\n0\r\n\r\n")],
    ["a space before it", chunks(" 3\r\nabc\r\n0\r\n\r\n")],
    ["a space behind it", chunks("3 \r\nabc\r\n0\r\n\r\n")],
    ["a tab behind it", chunks("3\t\r\nabc\r\n0\r\n\r\n")],
    ["no digit", chunks("g\r\nabc\r\n0\r\n\r\n")],
    ["an extension alone", chunks(";a\r\nabc\r\n0\r\n\r\n")],
    ["an underscore", chunks("1_0\r\nabc\r\n0\r\n\r\n")],
    ["NUL behind it", chunks("3\0\r\nabc\r\n0\r\n\r\n")],
    ["a comma", chunks("3,a\r\nabc\r\n0\r\n\r\n")],
  ],
  "bad-extension": [
    ["without a name", chunks("3;\r\nabc\r\n0\r\n\r\n")],
    ["without a value", chunks("3;a=\r\nabc\r\n0\r\n\r\n")],
    ["two words", chunks("3;a b\r\nabc\r\n0\r\n\r\n")],
    ["a space at the end", chunks("3;a \r\nabc\r\n0\r\n\r\n")],
    ["an open quote", chunks('3;a="b\r\nabc\r\n0\r\n\r\n')],
    ["a control character", chunks("3;a\x01\r\nabc\r\n0\r\n\r\n")],
    ["NUL in quotes", chunks('3;a="\0"\r\nabc\r\n0\r\n\r\n')],
    ["of the last chunk", chunks("0;=\r\n\r\n")],
  ],
  "chunk-line-too-long": [
    ["zeros", chunks(`${"0".repeat(1024)}\r\n\r\n`)],
    ["an extension", chunks(`3;a=${"b".repeat(1024)}\r\nabc\r\n0\r\n\r\n`)],
    ["without an end", chunks("1".repeat(2000))],
  ],
  "extensions-too-large": [
    ["of all chunks together", chunks(`1;a=${"b".repeat(990)}\r\nx\r\n`.repeat(17) + "0\r\n\r\n")],
    ["over a limit", chunks("1;a=b\r\nx\r\n1;a=b\r\nx\r\n"), { maxExtensionBytes: 7 }],
  ],
  "bad-chunk-end": [
    ["a chunk that is longer", chunks("3\r\nabcd\r\n0\r\n\r\n")],
    ["a chunk that is shorter", chunks("3\r\nab\r\n0\r\n\r\n")],
    ["LF", chunks("3\r\nabc\n0\r\n\r\n")],
    ["CR", chunks("3\r\nabc\r0\r\n\r\n")],
    ["nothing", chunks("3\r\nabc0\r\n\r\n")],
  ],
  "trailers-too-large": [
    ["9,000 bytes", chunks(`0\r\nX: ${"a".repeat(9000)}\r\n\r\n`)],
    ["one byte over", chunks("0\r\nX: a\r\n\r\n"), { maxTrailerBytes: 7 }],
    ["without an end", chunks(`0\r\nX: ${"a".repeat(20_000)}`)],
  ],
  "too-many-trailers": [["101", chunks(`0\r\n${"X: a\r\n".repeat(101)}\r\n`)]],
  "forbidden-trailer": [
    ["Content-Length", chunks("0\r\nContent-Length: 3\r\n\r\n")],
    ["Transfer-Encoding", chunks("0\r\nX: a\r\ntransfer-encoding: chunked\r\n\r\n")],
    ["Host", chunks("0\r\nHOST: b\r\n\r\n")],
    ["Authorization", chunks("0\r\nAuthorization: Basic YTpi\r\n\r\n")],
    ["Cookie", chunks("0\r\nCookie: a=b\r\n\r\n")],
    ["Content-Type", chunks("0\r\nContent-Type: text/html\r\n\r\n")],
    ["Connection", chunks("0\r\nConnection: close\r\n\r\n")],
    ["If-Match", chunks("0\r\nIf-Match: *\r\n\r\n")],
    ["X-Forwarded-For", chunks("0\r\nX-Forwarded-For: ::1\r\n\r\n")],
  ],
  "incomplete-head": [
    ["in the request line", "GET / HT"],
    ["in a field", "GET / HTTP/1.1\r\nHost"],
    ["before the empty line", `GET / HTTP/1.1\r\n${HOST}`],
    ["within the empty line", `GET / HTTP/1.1\r\n${HOST}\r`],
  ],
  "incomplete-body": [
    ["a length", length(" 3", "ab")],
    ["a length, and nothing", length(" 3", "")],
    ["a chunk's size", chunks("3")],
    ["a chunk", chunks("3\r\nab")],
    ["the last chunk", chunks("3\r\nabc\r\n")],
    ["the trailer section", chunks("3\r\nabc\r\n0\r\n")],
    ["the last LF", chunks("3\r\nabc\r\n0\r\n\r")],
  ],
};

export const REFUSED_SAMPLES: readonly RefusedSample[] = Object.entries(REFUSED_ROWS).flatMap(
  ([code, rows]) =>
    rows.map(([what, text, limits]) => {
      return { what, text, code: code as RefusalCode, ...(limits && { limits }) };
    }),
);

/** Requests that are read; `http-requests.test.ts` says as what. */
export const ACCEPTED_SAMPLES: readonly string[] = [
  fields(),
  get("OPTIONS * HTTP/1.1"),
  get("GET http://b:80/c?d HTTP/1.1"),
  get("OPTIONS http://b HTTP/1.1"),
  get("DELETE /a%20b?c=d&e=%zz HTTP/1.1"),
  get('GET /"<>\\^`{|}[]~!$ HTTP/1.1'),
  get("HEAD / HTTP/1.0"),
  get("GET / HTTP/1.0", "Connection: keep-alive"),
  `\r\n\r\n${fields("X:", "Y:\t a\tb \t", "Z: \xe9")}`,
  hosts("Host: [::1]:8080"),
  hosts("Host:"),
  hosts("host: EXAMPLE.org:"),
  length(" 3"),
  length("003  "),
  length(" 0", ""),
  post(["Expect: 100-Continue", "Content-Length: 3"], "abc"),
  fields("Connection: close"),
  fields("Connection: Keep-Alive, X", "Connection: x"),
  coding(" chunked"),
  post(["tRANSFER-eNCODING: cHUNKED"], "3\r\nabc\r\n0\r\n\r\n"),
  chunks('3;a=b;c;d="e;\\"\t"\r\nabc\r\n00A\r\n0123456789\r\n000\r\n\r\n'),
  chunks("3\r\nabc\r\n0;x\r\nX: y\r\nX-Sum: 1\r\n\r\n"),
];
