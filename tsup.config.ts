import { rmSync } from "node:fs";

import { defineConfig, type Options } from "tsup";

// Both of what is built go there: neither may remove what the other has made.
rmSync("dist", { recursive: true, force: true });

const shared: Options = {
  format: ["esm", "cjs"],
  target: "node20.19",
  platform: "node",
  // Entries import the core by its name. Bundled into them, the core's classes would exist twice and
  // `instanceof` would fail from one entry to the other.
  external: ["iomux"],
  splitting: false,
  shims: true,
  sourcemap: true,
  // tsup sets `baseUrl` for its types build, which TypeScript 6 calls deprecated. `npm run types` has
  // checked the sources: the build finds only what cannot be declared.
  dts: { compilerOptions: { ignoreDeprecations: "6.0", noCheck: true } },
};

// What is bundled of libraries for CommonJS asks for Node's modules by `require`.
const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

export default defineConfig([
  { ...shared, entry: { index: "src/index.ts", "testing/index": "src/testing/index.ts" } },
  {
    ...shared,
    entry: { "console/inspect": "examples/console/inspect.ts" },
    banner: ({ format }) => (format === "esm" ? { js: REQUIRE } : {}),
  },
]);
