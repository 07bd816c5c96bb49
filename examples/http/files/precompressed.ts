/** Files that lie beside others, compressed: `page.html.br`, `page.html.gz`. */
import Negotiator from "negotiator";

/** Content codings and how their files end, best first. */
const CODINGS = { br: ".br", gzip: ".gz" } as const;

export type Coding = keyof typeof CODINGS;

/** Those a client takes, as names of files beside `path`. */
export function copiesOf(path: string, acceptEncoding: string | null): Map<Coding, string> {
  const copies = new Map<Coding, string>();
  for (const coding of ["br", "gzip"] as const) {
    if (accepted(acceptEncoding, [coding]) === coding) copies.set(coding, path + CODINGS[coding]);
  }
  return copies;
}

/**
 * Which of those that are there is sent (RFC 9110, section 12.5.3). Null: the client takes none of
 * them, and the file as it is neither.
 */
export function codingFor(
  acceptEncoding: string | null,
  there: readonly Coding[],
): Coding | "identity" | null {
  return accepted(acceptEncoding, [...there, "identity"]);
}

function accepted<T extends string>(
  acceptEncoding: string | null,
  codings: readonly T[],
): T | null {
  const headers = { "accept-encoding": acceptEncoding ?? undefined };
  const negotiator: EncodingNegotiator = new Negotiator({ headers });
  const found = negotiator.encoding(codings, { preferred: Object.keys(CODINGS) });
  return codings.find((coding) => coding === found) ?? null;
}

/** With the option that its types do not have yet: which are better, if a client likes them alike. */
interface EncodingNegotiator {
  encoding(
    available: readonly string[],
    options: { readonly preferred: readonly string[] },
  ): string | undefined;
}
