/**
 * The room: who is here, and who is told what.
 *
 * It knows no sockets and no time. A member is whatever the caller takes for one; what happens is
 * answered as deliveries, in the order in which everybody is to get them. A name is free again the
 * moment its member has left, so in that order "left" always stands before the next "joined".
 *
 * Deliveries go out without a limit. Whoever carries them must bound what waits for a member, and
 * must say that a member has `left` who does not take them.
 */
import { checkName, MAX_NAME_LENGTH, nameKey } from "./name.ts";
import type { LineEvent } from "./protocol.ts";
import type { Texts } from "./texts.ts";

export interface Delivery<M> {
  readonly to: readonly M[];
  /** One line, without its end. */
  readonly text: string;
}

/** Of those who are here, how many a newcomer is told by name. */
const NAMES_IN_WELCOME = 10;

/** What the room adds at most to a line that it carries, in bytes. Lines of its own are shorter. */
export const MAX_TEXT_BYTES = 4 * MAX_NAME_LENGTH * (NAMES_IN_WELCOME + 2) + 256;

export class Room<M> {
  readonly #texts: Texts;
  /** Who has not given a name yet. */
  readonly #nameless = new Set<M>();
  /** Who has joined, with their names, in the order of joining. */
  readonly #members = new Map<M, string>();
  readonly #taken = new Set<string>();

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  /** Null for who has not joined, or not any more. */
  nameOf(member: M): string | null {
    return this.#members.get(member) ?? null;
  }

  /** Somebody came, and is asked for a name. */
  enter(member: M): Delivery<M>[] {
    if (this.#nameless.has(member) || this.#members.has(member)) {
      throw new Error("this member is in the room already");
    }
    this.#nameless.add(member);
    return [{ to: [member], text: this.#texts.askName }];
  }

  /** A line came from a member, or was refused. From who is not here it is nothing. */
  hear(member: M, event: LineEvent): Delivery<M>[] {
    const name = this.#members.get(member);
    if (name === undefined && !this.#nameless.has(member)) return [];
    if (event.kind === "refused") return this.#refuse(member, this.#lineRefusal(event));
    return name === undefined
      ? this.#join(member, event.text)
      : this.#say(member, name, event.text);
  }

  /** A member is gone. The others are told once, and only of who had joined. */
  leave(member: M): Delivery<M>[] {
    this.#nameless.delete(member);
    const name = this.#members.get(member);
    if (name === undefined) return [];
    this.#members.delete(member);
    this.#taken.delete(nameKey(name));
    return this.#tellOthers(member, this.#texts.left(name));
  }

  /** The room closes, and everybody is told. */
  end(): Delivery<M>[] {
    return [{ to: [...this.#members.keys(), ...this.#nameless], text: this.#texts.ending }];
  }

  #join(member: M, text: string): Delivery<M>[] {
    const { name, problem } = checkName(text);
    if (problem !== null) {
      return this.#refuse(member, this.#texts.nameRefused(problem, MAX_NAME_LENGTH));
    }
    const key = nameKey(name);
    if (this.#taken.has(key)) return this.#refuse(member, this.#texts.nameTaken(name));
    const names = [...this.#members.values()];
    this.#nameless.delete(member);
    this.#members.set(member, name);
    this.#taken.add(key);
    const welcome = this.#texts.welcome(name, names.slice(0, NAMES_IN_WELCOME), names.length);
    return [{ to: [member], text: welcome }, ...this.#tellOthers(member, this.#texts.joined(name))];
  }

  #say(member: M, name: string, text: string): Delivery<M>[] {
    if (text.trim() === "") return [];
    return this.#tellOthers(member, this.#texts.says(name, text));
  }

  #tellOthers(member: M, text: string): Delivery<M>[] {
    const others = [...this.#members.keys()].filter((other) => other !== member);
    return others.length === 0 ? [] : [{ to: others, text }];
  }

  /** Says why; who has no name yet is asked again. */
  #refuse(member: M, why: string): Delivery<M>[] {
    const text = this.#nameless.has(member) ? `${why} ${this.#texts.askName}` : why;
    return [{ to: [member], text }];
  }

  #lineRefusal(event: LineEvent & { kind: "refused" }): string {
    if (event.reason === "not-utf8") return this.#texts.lineNotUtf8;
    return this.#texts.lineTooLong(event.maxBytes);
  }
}
