/** Who is here, by member and by name. */
import type { Conduct } from "./conduct.ts";
import { nameKey } from "./name.ts";

export interface Person<M> {
  readonly member: M;
  readonly conduct: Conduct;
  /** Null: was asked for a name. */
  name: string | null;
  nameTries: number;
}

export type Named<M> = Person<M> & { name: string };

export class Roster<M> {
  readonly #people = new Map<M, Person<M>>();
  readonly #byName = new Map<string, Named<M>>();
  /** In the order of joining. */
  readonly #joined = new Set<Named<M>>();
  #everyone: readonly M[] | null = null;

  /** With those who have no name yet. */
  get size(): number {
    return this.#people.size;
  }

  get joined(): ReadonlySet<Named<M>> {
    return this.#joined;
  }

  /** All who have joined. The same array until that changes: a broadcast copies nothing. */
  get everyone(): readonly M[] {
    return (this.#everyone ??= Array.from(this.#joined, ({ member }) => member));
  }

  /** All who have joined, and those who have no name yet. */
  get all(): readonly M[] {
    return [...this.#people.keys()];
  }

  get(member: M): Person<M> | undefined {
    return this.#people.get(member);
  }

  find(name: string): Named<M> | undefined {
    return this.#byName.get(nameKey(name));
  }

  add(member: M, conduct: Conduct): Person<M> {
    if (this.#people.has(member)) throw new Error("this member is in the room already");
    const person: Person<M> = { member, conduct, name: null, nameTries: 0 };
    this.#people.set(member, person);
    return person;
  }

  /** Whoever has no name yet joins with this. The name must be free, or the person's own. */
  name(person: Person<M>, name: string): void {
    const key = nameKey(name);
    const owner = this.#byName.get(key);
    if (owner !== undefined && owner !== person) throw new Error(`the name ${name} is taken`);
    if (person.name !== null) this.#byName.delete(nameKey(person.name));
    person.name = name;
    const named = person as Named<M>;
    this.#byName.set(key, named);
    if (this.#joined.has(named)) return;
    this.#joined.add(named);
    this.#everyone = null;
  }

  /** The name is free again at once. */
  remove(person: Person<M>): void {
    this.#people.delete(person.member);
    if (person.name === null) return;
    this.#byName.delete(nameKey(person.name));
    this.#joined.delete(person as Named<M>);
    this.#everyone = null;
  }

  /** Throws if the tables do not agree. */
  assertInvariants(): void {
    const named = Array.from(this.#people.values()).filter(({ name }) => name !== null);
    const agree =
      named.length === this.#joined.size &&
      named.length === this.#byName.size &&
      named.length === this.everyone.length &&
      named.every((person) => this.#byName.get(nameKey(person.name!)) === person) &&
      this.everyone.every((member) => this.#joined.has(this.#people.get(member) as Named<M>));
    if (!agree) throw new Error("the roster's tables do not agree");
  }
}
