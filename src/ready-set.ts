/** The ready set: what the next turn will look at, each once, in the order in which it came. */

/** A member. `listed` says whether it is in the set. */
export interface ReadyMember {
  listed: boolean;
}

export class ReadySet<T extends ReadyMember> {
  #list: T[] = [];
  #spare: T[] = [];

  get size(): number {
    return this.#list.length;
  }

  add(member: T): void {
    if (member.listed) return;
    member.listed = true;
    this.#list.push(member);
  }

  /**
   * Takes the whole list and leaves the set empty: what is added from now on is for later. Members
   * stay `listed` until they are looked at, so that those left over keep their place.
   */
  steal(): T[] {
    const stolen = this.#list;
    this.#list = this.#spare;
    this.#spare = [];
    return stolen;
  }

  /**
   * Gives back a stolen list of which `done` members, from place `first` on and around the end,
   * were looked at. The others go first next time, before what was added meanwhile.
   */
  giveBack(stolen: T[], first: number, done: number): void {
    if (done < stolen.length) {
      const left: T[] = [];
      for (let i = done; i < stolen.length; i++) left.push(stolen[(first + i) % stolen.length]!);
      this.#list = left.concat(this.#list);
    }
    this.#spare = emptied(stolen);
  }

  assertInvariants(): void {
    if (new Set(this.#list).size !== this.#list.length) throw new Error("ReadySet: twice");
    if (this.#list.some((member) => !member.listed)) throw new Error("ReadySet: not listed");
  }
}

/** Its memory stays for the next turn; setting `length` to 0 would give it back. */
export function emptied<T>(list: T[]): T[] {
  while (list.length > 0) list.pop();
  return list;
}
