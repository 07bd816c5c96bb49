// `npm run page`. Bundles the console's page into dist/page/: three files, with nothing inline, so
// that the page runs under a Content-Security-Policy without exceptions.

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./run.ts";

const from = join(root, "examples", "console", "page");
const to = join(root, "dist", "page");

rmSync(to, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [
    { in: join(from, "main.tsx"), out: "app" },
    { in: join(from, "styles", "page.css"), out: "app" },
  ],
  outdir: to,
  bundle: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: ["chrome123", "firefox121", "safari17.5"],
  legalComments: "none",
  logLevel: "warning",
});
cpSync(join(from, "index.html"), join(to, "index.html"));

const sizes = Object.entries(metafile.outputs).map(
  ([path, { bytes }]) => `${path} ${(bytes / 1024).toFixed(0)} KiB`,
);
console.log(`dist/page/index.html, ${sizes.join(", ")}`);
