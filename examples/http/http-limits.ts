/** What a request may be at most, in bytes as they come over the wire. */

export interface ProtocolLimits {
  /** Empty lines before a request line, which old clients send behind a body. */
  readonly maxEmptyLines: number;
  /** The name of a method. */
  readonly maxMethodBytes: number;
  /** A request's target. */
  readonly maxTargetBytes: number;
  /** A head: its request line, its fields and the empty line. */
  readonly maxHeadBytes: number;
  /** Fields of a head, and of a trailer section. */
  readonly maxFields: number;
  /** A body, without its framing; null: any. The driver may set another one for each request. */
  readonly maxBodyBytes: number | null;
  /** The line before a chunk: its size and extensions. */
  readonly maxChunkLineBytes: number;
  /** All chunk extensions of a body. */
  readonly maxExtensionBytes: number;
  /** A trailer section, with the empty line. */
  readonly maxTrailerBytes: number;
}

export const DEFAULT_PROTOCOL_LIMITS: ProtocolLimits = {
  maxEmptyLines: 4,
  maxMethodBytes: 32,
  maxTargetBytes: 8192,
  maxHeadBytes: 16_384,
  maxFields: 100,
  maxBodyBytes: 1_048_576,
  maxChunkLineBytes: 1024,
  maxExtensionBytes: 16_384,
  maxTrailerBytes: 8192,
};
