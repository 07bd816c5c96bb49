/** Which view is shown: the part of the address behind `#`, so that links and "back" work. */
import { signal } from "@preact/signals";

export type View = "loop" | "descriptors" | "chat" | "files";

export interface Route {
  readonly view: View;
  /** What of it is shown: an fd, a folder. Empty: nothing in particular. */
  readonly rest: string;
}

const VIEWS: readonly View[] = ["loop", "descriptors", "chat", "files"];

function routeOf(hash: string): Route {
  const [first = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  const view = VIEWS.find((name) => name === first) ?? "loop";
  return { view, rest: rest.join("/") };
}

export function hashOf(view: View, rest = ""): string {
  return rest === "" ? `#${view}` : `#${view}/${rest}`;
}

export const route = signal<Route>(routeOf(location.hash));

export function followRoute(): void {
  addEventListener("hashchange", () => {
    route.value = routeOf(location.hash);
  });
}
