/**
 * Fields that no trailer section has (RFC 9110 section 6.5.1): what frames, routes, controls or
 * authenticates a message, or says how its content is to be read, comes too late behind it. A
 * request with one is refused, since another reader might merge it into the head; in an answer it
 * is misuse.
 */
const FRAMING = "content-length transfer-encoding trailer te connection keep-alive upgrade";
const ROUTING = "host forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto";
const CONTROLS = "cache-control expect max-forwards pragma range age date expires location vary";
const CONDITIONS = "if-match if-none-match if-modified-since if-unmodified-since if-range";
const AUTHENTICATION =
  "authorization proxy-authorization www-authenticate proxy-authenticate cookie set-cookie";
const CONTENT = "content-encoding content-type content-range";

export const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set(
  [FRAMING, ROUTING, CONTROLS, CONDITIONS, AUTHENTICATION, CONTENT].join(" ").split(" "),
);
