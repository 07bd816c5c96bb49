/**
 * The types of a struct's values, read from the literal of its format.
 *
 * The format is walked once, into a tuple of its codes: `"<i2sf"` gives `["i", "s", "f"]`, and a
 * count of three digits or more an array in that tuple: `"<H1000B"` gives `["H", ..."B"[]]`. What a
 * bad format gives is a string: the message that the type checker shows.
 */

/** What unpacking answers. */
export type StructValue = number | bigint | boolean | Buffer;

/** What each code unpacks to; and under `@`, where `l` and `L` have 64 bits. */
interface Standard {
  c: Buffer;
  b: number;
  B: number;
  "?": boolean;
  h: number;
  H: number;
  i: number;
  I: number;
  l: number;
  L: number;
  q: bigint;
  Q: bigint;
  e: number;
  f: number;
  d: number;
  s: Buffer;
  p: Buffer;
}
interface Native extends Omit<Standard, "l" | "L"> {
  l: bigint;
  L: bigint;
  n: bigint;
  N: bigint;
  P: bigint;
}

type Order = "@" | "=" | "<" | ">" | "!";
type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";
type Space = " " | "\t" | "\n" | "\v" | "\f" | "\r";

type ValuesOf<Format extends string> = Format extends `${Exclude<Order, "@">}${string}`
  ? Standard
  : Native;

/** Whether `Format` is one string, and not `string` or a pattern such as `<${number}s`. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an index signature requires nothing
type IsLiteral<Format extends string> = {} extends Record<Format, 1> ? false : true;

/** Whether `Format` has over 250 characters. Walking those would take the type checker too long. */
type IsLong<Format extends string, Tens extends 0[] = []> = Tens["length"] extends 25
  ? Format extends ""
    ? false
    : true
  : Format extends `${infer _0}${infer _1}${infer _2}${infer _3}${infer _4}${infer _5}${infer _6}${infer _7}${infer _8}${infer _9}${infer Rest}`
    ? IsLong<Rest, [...Tens, 0]>
    : false;

/** The codes of a format, one for each value; or what is wrong with it. */
type CodesOf<Format extends string> = Format extends `${Order}${infer Rest}`
  ? Walk<Rest, CodeOf<ValuesOf<Format>>>
  : Walk<Format, CodeOf<Native>>;

type CodeOf<Values> = Extract<keyof Values, string>;

type Walk<
  Rest extends string,
  Known extends string,
  Codes extends string[] = [],
  Count extends string = "",
> = Rest extends `${infer Next}${infer Tail}`
  ? Next extends Digit
    ? Walk<Tail, Known, Codes, `${Count}${Next}`>
    : Next extends Space
      ? Count extends ""
        ? Walk<Tail, Known, Codes>
        : `put white space before the count ${Count}, not behind it`
      : Next extends "x"
        ? Walk<Tail, Known, Codes>
        : Next extends Known
          ? Walk<Tail, Known, [...Codes, ...Repeated<Next, Count>]>
          : Next extends Order
            ? `an order may only be the first character, not ${Next}`
            : Next extends keyof Native
              ? `the code ${Next} needs the order @`
              : `a struct format has no code ${Next}`
  : Count extends ""
    ? Codes
    : `put a code behind the count ${Count}`;

/** A code as often as its count says. */
type Repeated<Code extends string, Count extends string> = Count extends ""
  ? [Code]
  : Code extends "s" | "p"
    ? [Code]
    : WithoutZeros<Count> extends `${Digit}${Digit}${Digit}${string}`
      ? Code[]
      : Filled<Code, WithoutZeros<Count>>;

type WithoutZeros<Count extends string> = Count extends `0${infer Rest extends `${Digit}${string}`}`
  ? WithoutZeros<Rest>
  : Count;

type Filled<
  Code extends string,
  Count extends string,
  Codes extends string[] = [],
> = `${Codes["length"]}` extends Count ? Codes : Filled<Code, Count, [...Codes, Code]>;

/** `Format` if it is one, else a message that it cannot be assigned to. */
export type StructFormat<Format extends string> =
  IsLiteral<Format> extends true
    ? IsLong<Format> extends true
      ? Format
      : CodesOf<Format> extends infer Message extends string
        ? Message
        : Format
    : Format;

/**
 * What a struct of `Format` unpacks to: `[number, Buffer, number]` for `"<i5sf"`. A plain array for
 * a format that is not known at compile time, or has over 250 characters.
 */
export type Unpacked<Format extends string> =
  IsLiteral<Format> extends true
    ? IsLong<Format> extends true
      ? StructValue[]
      : CodesOf<Format> extends infer Codes extends string[]
        ? { [Place in keyof Codes]: ValuesOf<Format>[Codes[Place] & keyof ValuesOf<Format>] }
        : never
    : StructValue[];

/** What may be packed for a value: any bytes for a `Buffer`, anything for a truth value. */
type Packable<Value> = [Value] extends [Buffer]
  ? Uint8Array
  : [Value] extends [boolean]
    ? unknown
    : Value;

/** What a struct of `Format` packs. */
export type Packed<Format extends string> =
  IsLiteral<Format> extends true
    ? IsLong<Format> extends true
      ? unknown[]
      : Unpacked<Format> extends infer Values extends unknown[]
        ? { [Place in keyof Values]: Packable<Values[Place]> }
        : never
    : unknown[];
