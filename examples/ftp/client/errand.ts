/** What a command of the interactive client works with. */
import type { ClientFailure } from "./failure.ts";
import type { Link } from "./link.ts";
import type { LocalFolder } from "./local-folder.ts";
import type { ProgressDisplay } from "./progress-display.ts";

export interface Errand {
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal;
  readonly link: Link;
  readonly local: LocalFolder;
  /** What was asked for. */
  readonly show: (lines: readonly string[]) => void;
  /** What only a person wants to know. */
  readonly remark: (line: string) => void;
  /** Something failed, and the command goes on. */
  readonly failed: (failure: ClientFailure) => void;
  /** A transfer begins. Null: nobody wants to know. `name` is safe for a terminal. */
  readonly display: (name: string) => ProgressDisplay | null;
  /** This was the last command. */
  readonly leave: () => void;
}
