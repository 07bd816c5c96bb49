/** Where the built page is: beside what was built, or in `dist/` for who runs the sources. */
import { existsSync } from "node:fs";

const PLACES = ["../page/", "../../dist/page/"];

/** The first place if it is nowhere. */
export function pageFolder(): URL {
  const places = PLACES.map((place) => new URL(place, import.meta.url));
  return places.find((place) => existsSync(new URL("index.html", place))) ?? places.at(-1)!;
}
