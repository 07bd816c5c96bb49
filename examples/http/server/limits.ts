/** The limits of the running server; those of the protocol are in `../http-limits.ts`. */
import { DEFAULT_PROTOCOL_LIMITS, type ProtocolLimits } from "../http-limits.ts";

export interface HttpLimits extends ProtocolLimits {
  /** Connections at a time. */
  readonly maxConnections: number;
  /** Of them from one address, or IPv6 network of 64 bits. 0: any number. */
  readonly maxConnectionsPerAddress: number;
  /** Milliseconds for a head: from the accept on for the first one, from its first byte on else. */
  readonly headMs: number;
  /** Milliseconds in which at least `bodyProgressBytes` of a body must come that is being read. */
  readonly bodyMs: number;
  readonly bodyProgressBytes: number;
  /** Milliseconds until an answer has begun, once its request is here. 0: any time. */
  readonly answerMs: number;
  /** Milliseconds that a connection may wait for another request. */
  readonly idleMs: number;
  /** Milliseconds in which some of the output that waits must leave. */
  readonly writeProgressMs: number;
  /** Requests of one connection. 0: any number. */
  readonly maxRequests: number;
  /** Requests of one connection that are answered before the others have their turn. */
  readonly pipelinedRequests: number;
  /** Bytes of output that may wait for one connection. */
  readonly maxOutputBytes: number;
  /** Bytes of a body that nobody wants which are read, so that the connection can go on. */
  readonly discardBytes: number;
  /**
   * Bytes that are read and dropped behind the last answer, so that no reset destroys it; for how
   * long is `lingerMs` of the reactor.
   */
  readonly lingerBytes: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  ...DEFAULT_PROTOCOL_LIMITS,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1000,
  headMs: 10_000,
  bodyMs: 30_000,
  bodyProgressBytes: 1024,
  answerMs: 120_000,
  idleMs: 60_000,
  writeProgressMs: 60_000,
  maxRequests: 10_000,
  pipelinedRequests: 16,
  maxOutputBytes: 1024 * 1024,
  discardBytes: 64 * 1024,
  lingerBytes: 64 * 1024 * 1024,
};
