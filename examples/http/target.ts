/** Targets of requests, and hosts (RFC 9112 section 3.2). */

export interface Target {
  readonly form: "origin" | "absolute" | "authority" | "asterisk";
  /** As it came. */
  readonly raw: string;
  /**
   * Still percent-encoded, without the query; begins with "/". It is "*" for the asterisk, and for
   * OPTIONS of an absolute target without a path; "" for an authority.
   */
  readonly path: string;
  /** Behind the "?", which may leave nothing; null without one. */
  readonly query: string | null;
  /** Host and port of an absolute target or an authority. */
  readonly authority: string | null;
}
