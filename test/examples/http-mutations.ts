/** Requests that are nearly right: valid ones, changed where it hurts. */
import type { Random } from "../support/seeds.ts";
import { ACCEPTED_SAMPLES, REFUSED_SAMPLES } from "./http-samples.ts";

/** What attacks are made of. */
const PIECES = [
  ...Array.from('\r\n\t :;,="\\\0\x01\x0b\x7f\x80\xff#/?*+-0123456789abcdefxX_'),
  ...["\r\n", "\r\n\r\n", "\n\n", " \r\n", "\r\n ", "0\r\n\r\n", ", ", "0x", "chunked", "close"],
  ...["Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n"],
  ...["Transfer-Encoding : chunked\r\n", "Host: b\r\n", "Connection: keep-alive\r\n", "X: y\r\n"],
  ...["Expect: 100-continue\r\n", "Upgrade: x\r\n", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "http://"],
];

const SHORT = REFUSED_SAMPLES.filter(
  ({ text, limits }) => limits === undefined && text.length < 300,
);
const WRONG = SHORT.map(({ text }) => text);

function sample(random: Random): string {
  return random.pick(random.number(3) === 0 ? WRONG : ACCEPTED_SAMPLES);
}

type Mutation = (text: string, random: Random) => string;

function place(text: string, random: Random): number {
  return random.between(0, text.length);
}

const MUTATIONS: readonly Mutation[] = [
  // A piece more, a piece less, another piece.
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + random.pick(PIECES) + text.slice(at);
  },
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + text.slice(at + random.between(1, 3));
  },
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + random.pick(PIECES) + text.slice(at + 1);
  },
  // Any byte.
  (text, random) => {
    const at = place(text, random);
    return text.slice(0, at) + String.fromCharCode(random.number(256)) + text.slice(at + 1);
  },
  // The case of a letter.
  (text, random) => {
    const at = place(text, random);
    const letter = text.charAt(at);
    const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
    return text.slice(0, at) + (other.length === 1 ? other : "") + text.slice(at + 1);
  },
  // A line twice, a line elsewhere.
  (text, random) => {
    const lines = text.split("\r\n");
    lines.splice(random.number(lines.length), 0, random.pick(lines));
    return lines.join("\r\n");
  },
  (text, random) => {
    const lines = text.split("\r\n");
    const [line] = lines.splice(random.number(lines.length), 1);
    lines.splice(random.number(lines.length + 1), 0, line!);
    return lines.join("\r\n");
  },
  // A head of one and the body of another; one behind the other.
  (text, random) => {
    const other = sample(random);
    return text.slice(0, place(text, random)) + other.slice(place(other, random));
  },
  (text, random) => text + sample(random),
];

/** One to three changes of a sample; as Latin-1. */
export function mutated(random: Random): Buffer {
  let text = sample(random);
  for (let times = random.number(3); times >= 0; times--) {
    text = random.pick(MUTATIONS)(text, random);
  }
  return Buffer.from(text.slice(0, 2000), "latin1");
}

/** `bytes` in pieces, each of its own memory. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.pick([1, 3, 20, 200]);
  for (let at = 0; at < bytes.length;) {
    const length = random.between(1, most);
    pieces.push(Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return pieces;
}
