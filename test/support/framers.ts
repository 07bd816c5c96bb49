/** Every framer of the library, and what its frames look like in a stream. */
import { delimited, fixed, lengthPrefixed, lines, type Framer } from "iomux";

export interface FramerKind {
  readonly name: string;
  readonly make: () => Framer<Buffer>;
  /** A frame as it stands in a stream. */
  readonly encode: (text: string) => string;
}

function behindLength(name: string, options: Parameters<typeof lengthPrefixed>[0]): FramerKind {
  const framer = lengthPrefixed(options);
  const encode = (text: string): string => framer.encode(Buffer.from(text)).toString("latin1");
  return { name, make: () => lengthPrefixed(options), encode };
}

/** Frames of `size` letters for all of them. */
export function framerKinds(size: number): FramerKind[] {
  return [
    { name: "lines", make: () => lines(), encode: (text) => `${text}\r\n` },
    {
      name: "delimited",
      make: () => delimited(Buffer.from("-+=")),
      encode: (text) => `${text}-+=`,
    },
    { name: "fixed", make: () => fixed(size), encode: (text) => text },
    behindLength("lengthPrefixed", { prefix: 2 }),
    behindLength("lengthPrefixed varint", { prefix: "varint" }),
  ];
}

/** The frames of `size` letters that are used: some look like endings, or like lengths. */
export function framerTexts(size: number): string[] {
  const letters = { length: size };
  const texts = ["a", "-+", "\0\x01"].map((part) => part.repeat(size).slice(0, size));
  return [...texts, Array.from(letters, (_, i) => String.fromCharCode(98 + i)).join("")];
}
