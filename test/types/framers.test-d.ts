/** What framers cut is what the callbacks of their server get. */
import { describe, expectTypeOf, it } from "vitest";

import {
  delimited,
  fixed,
  lengthPrefixed,
  lines,
  raw,
  serve,
  type Connection,
  type Framer,
  type LengthPrefixed,
  type Reactor,
} from "iomux";

declare const reactor: Reactor;
declare const numbers: Framer<number>;
declare const connection: Connection<number>;

describe("framers", () => {
  it("of the library cut Buffers", () => {
    for (const framer of [raw(), lines(), delimited(Uint8Array.of(0)), fixed(4)]) {
      expectTypeOf(framer).toEqualTypeOf<Framer<Buffer>>();
    }
    expectTypeOf(lengthPrefixed()).toEqualTypeOf<LengthPrefixed>();
    expectTypeOf(lengthPrefixed()).toExtend<Framer<Buffer>>();
    expectTypeOf(lengthPrefixed().encode(Uint8Array.of(1))).toEqualTypeOf<Buffer>();
  });

  it("decide what the callback frame is called with", () => {
    void serve(
      reactor,
      { framer: () => numbers },
      {
        frame(given, frame) {
          expectTypeOf(frame).toEqualTypeOf<number>();
          expectTypeOf(given).toEqualTypeOf<Connection<number>>();
        },
      },
    );
  });

  it("take over only from those of the same frames", () => {
    connection.upgrade(numbers);
    // @ts-expect-error -- its frames are Buffers
    connection.upgrade(lines());
  });

  it("have options of their own", () => {
    lengthPrefixed({ prefix: "varint" });
    // @ts-expect-error -- no such size
    lengthPrefixed({ prefix: 3 });
    // @ts-expect-error -- a string is no bytes
    delimited(",");
    // @ts-expect-error -- how many bytes?
    fixed();
  });
});
