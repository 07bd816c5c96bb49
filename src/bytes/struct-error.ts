import { IomuxError } from "../errors.ts";

/** A format that is none, a value that does not fit its code, and bytes that do not fit the format. */
export type StructErrorCode = "IOMUX_STRUCT_FORMAT" | "IOMUX_STRUCT_VALUE" | "IOMUX_STRUCT_BUFFER";

/** Where a `StructError` was met. */
export interface StructErrorPlace {
  /** The whole format. */
  readonly format: string;
  /** Where in the format, from 0. */
  readonly position?: number;
  /** Which of the values, from 0. */
  readonly valueIndex?: number;
}

/** What is wrong with a format, or with what it was to pack or to unpack. */
export class StructError extends IomuxError {
  /** The whole format. */
  readonly format: string;
  /** Where in the format, from 0: at its code or its count. Without it, the whole is meant. */
  readonly position: number | undefined;
  /** Which of the values that were to be packed, from 0. */
  readonly valueIndex: number | undefined;

  constructor(code: StructErrorCode, message: string, place: StructErrorPlace) {
    super(code, message);
    this.name = "StructError";
    this.format = place.format;
    this.position = place.position;
    this.valueIndex = place.valueIndex;
  }
}

const QUOTED = 40;

/** A format as messages show it: on one line, and not all of a very long one. */
export function quoted(format: string): string {
  return JSON.stringify(format.length > QUOTED ? `${format.slice(0, QUOTED)}...` : format);
}
