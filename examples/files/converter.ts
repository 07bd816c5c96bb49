/** Changes the bytes of a file on their way, piece by piece. */
export interface Converter {
  convert(bytes: Buffer): Buffer;
  /** What was kept back, when nothing more comes. */
  end(): Buffer;
}
