import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts", "testing/index": "src/testing/index.ts" },
  format: ["esm", "cjs"],
  target: "node20.19",
  platform: "node",
  // The testing entry imports the core by its name. Bundled into it, the core's classes would exist
  // twice and `instanceof` would fail from one entry to the other.
  external: ["iomux"],
  splitting: false,
  shims: true,
  sourcemap: true,
  clean: true,
  // tsup sets `baseUrl` for its types build, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
});
