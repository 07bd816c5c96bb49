/** The exercise as a table: what a signal means to whom. */
import type { Words } from "./texts.ts";

export type Signal = "SIGINT" | "SIGQUIT" | "SIGTSTP" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

type Duty =
  /** Says something. */
  | { readonly says: Words }
  /** Sends the other one a signal. */
  | { readonly tells: Signal }
  /** It is meant for the other one, who gets it too if it comes from a terminal. */
  | "nothing"
  /** Says that this is the last stop, and goes. */
  | "leaves";

type Duties = Readonly<Partial<Record<Signal, Duty>>>;

/** Whatever is not here has its default action. */
export const DRIVER: Duties = {
  SIGINT: "nothing",
  SIGQUIT: "nothing",
  SIGTSTP: { tells: "SIGUSR1" },
  SIGTERM: { tells: "SIGUSR1" },
  SIGUSR1: { says: "off" },
  SIGUSR2: { says: "fast" },
};

export const CONDUCTOR: Duties = {
  SIGINT: { tells: "SIGUSR1" },
  SIGQUIT: { tells: "SIGUSR2" },
  SIGTSTP: "nothing",
  SIGUSR1: "leaves",
  SIGUSR2: "nothing",
};

export function signalsOf(duties: Duties): Signal[] {
  return Object.keys(duties) as Signal[];
}
