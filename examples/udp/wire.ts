/**
 * The bytes of a request and of its answer: one record for all, in network byte order.
 *
 * Both fit into one datagram that no network on the way has to cut into pieces: 1,200 bytes, as in QUIC
 * (RFC 9000 section 14), because IPv6 carries 1,280 everywhere, headers included (RFC 8200 section 5).
 * docs/udp.md has the table; a test holds it equal to this file.
 */
import { struct } from "iomux";

/** Behind it come the key and the value. */
export const HEADER = struct("!2sBBQQQ16sIBxH");
/** The names of its fields, in their order. */
export const FIELDS = [
  ...["magic", "version", "kind", "client", "incarnation", "issued", "seal", "number"],
  ...["key length", "value length"],
] as const;

export const MAGIC = Buffer.from("kv");
export const VERSION = 1;
export const MAX_DATAGRAM_BYTES = 1200;
export const MAX_KEY_BYTES = 255;
/** So that every value fits behind every key. */
export const MAX_VALUE_BYTES = 893;
/** The value of a welcome: milliseconds for which the server remembers the last answer. */
export const WELCOME = struct("!I");
/** The value of the answer to `time`: milliseconds since 1970-01-01, UTC. */
export const TIME = struct("!Q");

/** Answers are from 0x80 on: who never answers an answer cannot be made to talk with its own kind. */
export const KINDS = {
  hello: 0x01,
  get: 0x02,
  set: 0x03,
  delete: 0x04,
  increment: 0x05,
  time: 0x06,
  welcome: 0x81,
  done: 0x82,
  absent: 0x83,
  "not-a-number": 0x84,
  "out-of-range": 0x85,
  full: 0x86,
  "bad-request": 0x90,
  "other-version": 0x91,
  forgotten: 0x92,
  restarted: 0x93,
  stranger: 0x94,
  busy: 0x95,
} as const;

export type Kind = keyof typeof KINDS;
/** What a client with a ticket asks for. */
export type Asking = "get" | "set" | "delete" | "increment" | "time";
/** What became of it; the same for every copy of a request. */
export type Result = "done" | "absent" | "not-a-number" | "out-of-range" | "full";

const FIRST_ANSWER = 0x80;
const NAMES = new Map<number, Kind>(
  Object.entries(KINDS).map(([name, number]) => [number, name as Kind]),
);
const NOTHING = Buffer.alloc(0);

/** What a server gives to who can be reached at the address that it claims. */
export interface Ticket {
  /** Of the server: another one each time that it is started. */
  readonly incarnation: bigint;
  /** By the server's clock, in milliseconds. */
  readonly issued: bigint;
  /** 16 bytes. */
  readonly seal: Buffer;
}

export const NO_TICKET: Ticket = { incarnation: 0n, issued: 0n, seal: NOTHING };

export interface Message {
  readonly kind: Kind;
  readonly client: bigint;
  readonly ticket: Ticket;
  readonly number: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Whose it is can be said also of what cannot be understood. */
type Reading =
  | ({ readonly is: "message" } & Message)
  | { readonly is: "other-version" | "malformed"; readonly client: bigint; readonly number: number }
  | { readonly is: "foreign" };

export function encode(message: Partial<Message> & Pick<Message, "kind" | "client">): Buffer {
  const { kind, client, ticket = NO_TICKET, number = 0, key = NOTHING, value = NOTHING } = message;
  const { incarnation, issued, seal } = ticket;
  const lengths = [key.length, value.length] as const;
  const ids = [client, incarnation, issued] as const;
  const head = HEADER.pack(MAGIC, VERSION, KINDS[kind], ...ids, seal, number, ...lengths);
  return Buffer.concat([head, key, value]);
}

/** What a client has sent; answers are foreign here. */
export function decodeRequest(bytes: Buffer): Reading {
  return decode(bytes, (kind) => kind < FIRST_ANSWER);
}

/** What a server has sent. Null: nothing that a server of this version says. */
export function decodeAnswer(bytes: Buffer): Message | null {
  const read = decode(bytes, (kind) => kind >= FIRST_ANSWER);
  return read.is === "message" ? read : null;
}

function decode(bytes: Buffer, isWanted: (kind: number) => boolean): Reading {
  if (bytes.length < HEADER.size || bytes.length > MAX_DATAGRAM_BYTES) return { is: "foreign" };
  const [magic, version, kind, client, incarnation, issued, seal, number, keyLength, valueLength] =
    HEADER.unpackFrom(bytes);
  if (!magic.equals(MAGIC) || !isWanted(kind)) return { is: "foreign" };
  if (version !== VERSION) return { is: "other-version", client, number };
  const name = NAMES.get(kind);
  const end = HEADER.size + keyLength;
  const isWhole = bytes.length === end + valueLength;
  if (name === undefined || !isWhole || !isSound(name, number, keyLength, valueLength)) {
    return { is: "malformed", client, number };
  }
  const [key, value] = [bytes.subarray(HEADER.size, end), bytes.subarray(end)];
  return {
    is: "message",
    ...{ kind: name, client, number, key, value },
    ticket: { incarnation, issued, seal },
  };
}

/** Whether a message of this kind may be like that. */
function isSound(kind: Kind, number: number, keyLength: number, valueLength: number): boolean {
  switch (kind) {
    case "hello":
      // As long as the welcome: nobody can make this server send more than it was sent.
      return number === 0 && keyLength === 0 && valueLength === WELCOME.size;
    case "get":
    case "delete":
    case "increment":
      return number > 0 && keyLength > 0 && valueLength === 0;
    case "set":
      return number > 0 && keyLength > 0 && valueLength <= MAX_VALUE_BYTES;
    case "time":
      return number > 0 && keyLength === 0 && valueLength === 0;
    case "welcome":
      return number === 0 && keyLength === 0 && valueLength === WELCOME.size;
    default:
      return keyLength === 0;
  }
}
