import { expect, it } from "vitest";

import { createReactor, IomuxTypeError } from "iomux";

it.each([[null], [5], ["tcp"]])("createReactor(%j) is refused", (options) => {
  expect(() => createReactor(options as never)).toThrow(IomuxTypeError);
});

it("createReactor names an option that does not exist", () => {
  expect(() => createReactor({ highWatermark: 5 } as never)).toThrow(
    expect.objectContaining({
      code: "IOMUX_BAD_ARGUMENT",
      message: expect.stringContaining("no option highWatermark") as string,
    }),
  );
});
