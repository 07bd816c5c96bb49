/** Which handler a request is for. */
import type { Handler } from "./handler.ts";
import type { Params } from "./http-request.ts";

/** Those that a server still knows which does not serve them: 405, and not 501. */
export const KNOWN_METHODS: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
];

/** Stands for every method. */
export const ANY = "*";

const SEGMENT = /^:[A-Za-z_]\w*$/;

export type Found =
  | { readonly kind: "handler"; readonly handler: Handler; readonly params: Params | null }
  /** There is something, but not for this method. */
  | { readonly kind: "methods"; readonly allow: string }
  | null;

class Route {
  readonly segments: readonly string[];
  readonly #handlers = new Map<string, Handler>();
  /** Found, for methods of an exact path: made once. */
  readonly #found = new Map<string, Found>();

  constructor(segments: readonly string[]) {
    this.segments = segments;
  }

  add(method: string, handler: Handler): void {
    this.#handlers.set(method, handler);
    this.#found.clear();
  }

  has(method: string): boolean {
    return this.#handlers.has(method);
  }

  get methods(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  /** HEAD is answered as GET, unless it has a handler of its own. */
  handler(method: string): Handler | null {
    const own = this.#handlers.get(method);
    const instead = method === "HEAD" ? this.#handlers.get("GET") : undefined;
    return own ?? instead ?? this.#handlers.get(ANY) ?? null;
  }

  /** As a route without parameters. */
  found(method: string): Found {
    let found = this.#found.get(method);
    if (found === undefined) {
      const handler = this.handler(method);
      if (handler === null) return null;
      found = { kind: "handler", handler, params: null };
      // Methods that only ANY has come from the peer, in any number.
      if (this.has(method)) this.#found.set(method, found);
    }
    return found;
  }

  /** What stands for the parameters, or null if it is another path. */
  match(segments: readonly string[]): Params | null {
    const { length } = this.segments;
    const open = this.segments[length - 1] === "*";
    if (open ? segments.length < length : segments.length !== length) return null;
    const params: Record<string, string> = Object.create(null) as Record<string, string>;
    for (let at = 0; at < length; at++) {
      const wanted = this.segments[at]!;
      const given = segments[at]!;
      if (open && at === length - 1) params["*"] = segments.slice(at).join("/");
      else if (wanted.startsWith(":")) {
        // A parameter is something: "/users/" is not a user without a name.
        if (given === "") return null;
        params[wanted.slice(1)] = given;
      } else if (wanted !== given) return null;
    }
    return params;
  }
}

export class Router {
  readonly #exact = new Map<string, Route>();
  /** Those with parameters, in the order in which they were added. */
  readonly #patterns: Route[] = [];
  readonly #byPattern = new Map<string, Route>();

  /** Throws for a pattern that is none, and for one that has this method already. */
  add(method: string, pattern: string, handler: Handler): void {
    let route = this.#byPattern.get(pattern);
    if (route === undefined) {
      const segments = checkPattern(pattern);
      route = new Route(segments);
      this.#byPattern.set(pattern, route);
      const exact = !segments.some((segment) => segment.startsWith(":") || segment === "*");
      if (exact) this.#exact.set(pattern, route);
      else this.#patterns.push(route);
    }
    if (route.has(method)) throw new Error(`${method} ${pattern} has a handler already`);
    route.add(method, handler);
  }

  /**
   * `path` is as it came. An exact route is before all patterns, and of those the first one. Throws
   * a `URIError` if it is not percent-encoded UTF-8.
   */
  find(method: string, path: string): Found {
    const encoded = path.includes("%");
    const segments = encoded ? path.split("/").map(decodeURIComponent) : null;
    // What was encoded may be a path that has no pattern: a "/" in a segment is not one between two.
    const exact = this.#exact.get(path) ?? (segments === null ? null : this.#exactOf(segments));
    const found = exact?.found(method) ?? null;
    if (found !== null) return found;
    return this.#findPattern(method, segments ?? path.split("/"), exact);
  }

  #exactOf(segments: readonly string[]): Route | null {
    const routes = [...this.#exact.values()];
    return routes.find((route) => route.match(segments) !== null) ?? null;
  }

  #findPattern(method: string, segments: readonly string[], exact: Route | null): Found {
    const there: Route[] = exact === null ? [] : [exact];
    for (const route of this.#patterns) {
      const params = route.match(segments);
      if (params === null) continue;
      const handler = route.handler(method);
      if (handler !== null) return { kind: "handler", handler, params };
      there.push(route);
    }
    if (there.length === 0) return null;
    return { kind: "methods", allow: allowOf(there.flatMap(({ methods }) => methods)) };
  }

  /** The methods of all routes together, for `OPTIONS *`. */
  get allow(): string {
    return allowOf([...this.#byPattern.values()].flatMap(({ methods }) => methods));
  }

  /** Whether the method means anything here. */
  knows(method: string): boolean {
    return KNOWN_METHODS.includes(method) || this.allow.split(", ").includes(method);
  }
}

/** The value of Allow (RFC 9110 section 10.2.1). */
function allowOf(methods: readonly string[]): string {
  const all = new Set(methods);
  if (all.delete(ANY)) for (const method of KNOWN_METHODS) all.add(method);
  if (all.has("GET")) all.add("HEAD");
  all.add("OPTIONS");
  return [...all].sort().join(", ");
}

function checkPattern(pattern: string): readonly string[] {
  const segments = pattern.split("/");
  const wrong = segments.find((segment, at) => {
    if (segment.includes("*")) return segment !== "*" || at !== segments.length - 1;
    return segment.startsWith(":") && !SEGMENT.test(segment);
  });
  if (!pattern.startsWith("/") || wrong !== undefined || /[?#%]/.test(pattern)) {
    throw new Error(`${pattern} is no pattern: give one like /users/:id or /files/*, not encoded`);
  }
  const names = segments.filter((segment) => segment.startsWith(":"));
  if (new Set(names).size < names.length) throw new Error(`${pattern} has a name twice`);
  return segments;
}
