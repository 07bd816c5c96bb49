/** Errors with a code, as they are met. */
export interface CodedError {
  readonly code: string;
  readonly message: string;
}

export function thrown(call: () => unknown): CodedError {
  try {
    void call();
  } catch (error) {
    return error as CodedError;
  }
  throw new Error("nothing was thrown");
}
