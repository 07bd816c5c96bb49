/** What goes wrong in a program that serves: lines on stderr. */
import { IomuxError } from "iomux";

/**
 * Writes errors that are the world's as one line that begins with the program's name, and others,
 * which are the program's own, with their stack. `worlds`: classes whose errors are of the former,
 * besides the library's.
 */
export function complaints(
  program: string,
  ...worlds: readonly (abstract new (...args: never[]) => Error)[]
): (error: unknown) => void {
  const told = [IomuxError, ...worlds];
  return (error) => {
    const isTold = told.some((one) => error instanceof one);
    console.error(isTold ? `${program}: ${(error as Error).message}` : error);
  };
}
