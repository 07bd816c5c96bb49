/**
 * Programs as plain JavaScript. One starts in a fifth of the time that it takes with the loader of
 * TypeScript: a user waits for that once, the tests hundreds of times.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { build, type OutputFile, type Plugin } from "esbuild";

import { BUILT, builtFile, PROGRAMS, ROOT } from "./program-command.ts";

const LIBRARY: ReadonlyMap<string, string> = new Map([
  ["iomux", "src/index.ts"],
  ["iomux/testing", "src/testing/index.ts"],
]);

/** The library is a package, as for its users: one for all of a process, in a folder of its own. */
const library: Plugin = {
  name: "library",
  setup({ onResolve }) {
    onResolve({ filter: /^iomux(\/testing)?$/ }, ({ path }) => {
      return { path: pathToFileURL(builtFile(LIBRARY.get(path)!)).href, external: true };
    });
  },
};

const built: ReadonlySet<string> = new Set(PROGRAMS);

/** An example finds beside its source what it looks for there, but programs as they were built. */
const places: Plugin = {
  name: "places",
  setup({ onLoad }) {
    onLoad({ filter: /\/examples\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: inItsPlace(text, path), loader: "ts" };
    });
  },
};

function inItsPlace(text: string, path: string): string {
  const place = dirname(path);
  return text
    .replaceAll(/new URL\("(\.[^"]+)", import\.meta\.url\)/g, (whole, name: string) => {
      const program = relative(ROOT, resolve(place, name));
      return built.has(program) ? `new URL(${urlOf(builtFile(program))})` : whole;
    })
    .replaceAll("import.meta.url", urlOf(path))
    .replaceAll("import.meta.dirname", JSON.stringify(place));
}

function urlOf(path: string): string {
  return JSON.stringify(pathToFileURL(path).href);
}

/** Builds TypeScript below `from` to as many files below `to`, as they are together there. */
export async function buildFiles(
  files: readonly string[],
  from: string,
  to: string,
): Promise<void> {
  const { outputFiles } = await build({
    ...{ entryPoints: [...files], outbase: from, outdir: to, absWorkingDir: ROOT },
    ...{ bundle: true, format: "esm", platform: "node", target: "node20.19", write: false },
    // The page's door is of the repository; all other packages are where they are.
    ...{ alias: { "iomux/inspect": "./examples/console/inspect.ts" }, packages: "external" },
    ...{ plugins: [library, places], logLevel: "warning" },
  });
  await Promise.all(outputFiles.map(publish));
}

/** Another run of tests may be using it: it is replaced as a whole, and only if it is another one. */
async function publish({ path, contents }: OutputFile): Promise<void> {
  const present = await readFile(path).catch(() => null);
  if (present?.equals(contents) === true) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, contents);
  await rename(`${path}.${process.pid}`, path);
}

/** The library, and all programs. */
export async function buildPrograms(): Promise<void> {
  await buildFiles([...LIBRARY.values(), ...PROGRAMS], ROOT, BUILT);
}
