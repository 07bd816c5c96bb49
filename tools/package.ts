// `npm run package`. Packs what was built, and looks at the archive as its users get it: what publint
// and attw say of it, its types seen from both module systems, and both entries loaded by name.

import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run } from "./run.ts";

const compilerOptions = {
  target: "es2023",
  lib: ["es2023", "esnext.disposable"],
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  types: ["node"],
  typeRoots: [join(root, "node_modules", "@types")],
};

async function succeed(name: string, ...command: Parameters<typeof run>): Promise<string> {
  const { ok, output, stdout, seconds } = await run(...command);
  console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds.toFixed(1)} s)`);
  if (!ok) {
    console.error(output);
    process.exitCode = 1;
  }
  return stdout;
}

async function checkConsumer(archive: string, folder: string): Promise<void> {
  const installed = join(folder, "node_modules", "iomux");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "tools", "consumer"), folder, { recursive: true });
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["types.mts", "types.cts"] }),
  );
  await succeed("unpack", "tar", ["-xzf", archive, "-C", installed, "--strip-components=1"]);
  const options = { cwd: folder };
  await succeed("import by name", process.execPath, ["import.mjs"], options);
  await succeed("require by name", process.execPath, ["require.cjs"], options);
  await succeed("types by name", "tsc", ["--project", folder], options);
}

async function checkArchive(folder: string): Promise<void> {
  const packed = await succeed("pack", "npm", [
    "pack",
    "--json",
    "--ignore-scripts",
    `--pack-destination=${folder}`,
  ]);
  const { filename } = (JSON.parse(packed) as [{ filename: string }])[0];
  const archive = join(folder, filename);
  await Promise.all([
    succeed("publint", "publint", ["run", archive, "--strict"]),
    succeed("attw", "attw", [archive, "--profile", "node16"]),
    checkConsumer(archive, join(folder, "consumer")),
  ]);
}

if (!existsSync(join(root, "dist", "index.js"))) {
  throw new Error("nothing is built: npm run build");
}
const folder = mkdtempSync(join(tmpdir(), "iomux-package-"));
try {
  await checkArchive(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
