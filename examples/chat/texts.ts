/** Everything that the room says, in one table per language. */
import type { NameProblem } from "./name.ts";

export interface Texts {
  readonly askName: string;
  welcome(name: string, others: readonly string[], othersInAll: number): string;
  joined(name: string): string;
  says(name: string, message: string): string;
  left(name: string): string;
  readonly ending: string;
  nameRefused(problem: NameProblem, maxLength: number): string;
  nameTaken(name: string): string;
  lineTooLong(maxBytes: number): string;
  readonly lineNotUtf8: string;
}

export const ENGLISH: Texts = {
  askName: "What is your name?",
  welcome: (name, others, othersInAll) => {
    if (othersInAll === 0) return `Hello ${name}. Nobody else is here yet.`;
    const more = othersInAll - others.length;
    return `Hello ${name}. Also here: ${others.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
  },
  joined: (name) => `${name} joined the chat`,
  says: (name, message) => `${name} says: ${message}`,
  left: (name) => `${name} left the chat`,
  ending: "The chat is ending. Goodbye.",
  nameRefused: (problem, maxLength) => {
    const reasons: Record<NameProblem, string> = {
      empty: "A name cannot be empty.",
      "too-long": `A name has at most ${maxLength} characters.`,
      unprintable: "A name cannot have invisible characters.",
      colon: "A name cannot have a colon.",
    };
    return reasons[problem];
  },
  nameTaken: (name) => `The name ${name} is taken.`,
  lineTooLong: (maxBytes) => `That line was refused: it is longer than ${maxBytes} bytes.`,
  lineNotUtf8: "That line was refused: it is not UTF-8.",
};
