/** What the interactive client shows, and where its lines come from: a terminal, or a pipe. */
import type { Completion } from "./completion.ts";
import type { ShellOutput } from "./shell.ts";

/** What a screen tells. */
export interface Person {
  /** Something was typed that is no Ctrl-C. */
  typed(): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** The Tab key, behind `line`. */
  complete(line: string): Promise<Completion>;
  /** Nobody reads what is shown. */
  gone(): void;
}

export interface Screen extends ShellOutput {
  /** Whether there is somebody who can do better after a failure. */
  readonly interactive: boolean;
  /** Starts. */
  listen(person: Person): void;
  /** The next line. Null: there is no more. One question at a time. */
  ask(): Promise<string | null>;
  /** The same, with nothing shown of what is typed. Null also: there is nobody to ask. */
  askHidden(question: string, signal: AbortSignal): Promise<string | null>;
  /** The line that is being typed is dropped: it is answered as an empty one. */
  drop(): void;
  /** Takes no more input, and gives the terminal back as it was; what is asked has no answer. */
  close(): void;
}
