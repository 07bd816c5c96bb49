import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

import LongestFirst from "./test/support/longest-first.ts";

const inspect = fileURLToPath(new URL("examples/console/inspect.ts", import.meta.url));
const conditions = ["iomux-source"];

export default defineConfig({
  resolve: { conditions, alias: { "iomux/inspect": inspect } },
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/built-page.ts", "test/support/built-programs.ts"],
    // Sources are the type check's business; here only what test-d files expect of them.
    typecheck: {
      enabled: true,
      include: ["test/**/*.test-d.ts"],
      tsconfig: "test/types/tsconfig.json",
      ignoreSourceErrors: true,
    },
    sequence: { sequencer: LongestFirst },
    pool: "forks",
    // Tests wait for sockets more than they compute: as many as cores, not one less.
    maxWorkers: 2,
    // For what hangs, not for what is slow: the machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ["json", { outputFile: ".reports/vitest.json" }]],
    coverage: { provider: "v8", include: ["src/**"], reportsDirectory: "coverage" },
  },
});
