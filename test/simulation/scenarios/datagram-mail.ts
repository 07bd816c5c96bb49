/** Datagrams that were sent and that came: whole, by who has sent them and who is to get them. */
import assert from "node:assert/strict";

export class Mail {
  readonly #sent = new Map<string, number>();
  readonly #came = new Map<string, number>();
  /** Those that somebody is to get; by the pair of both. */
  readonly #order = new Map<string, { readonly sent: string[]; readonly came: string[] }>();
  count = 0;
  received = 0;

  /** `to`: the box that it is put into. */
  send(from: string, to: string, bytes: Uint8Array): void {
    const what = this.#note(this.#sent, from, to, bytes);
    this.#pair(from, to).sent.push(what);
    this.count++;
  }

  receive(from: string, to: string, bytes: Uint8Array): void {
    const what = this.#note(this.#came, from, to, bytes);
    assert.ok(this.#sent.has(what), `${to} got ${bytes.length} bytes that ${from} has not sent`);
    this.#pair(from, to).came.push(what);
    this.received++;
  }

  #note(count: Map<string, number>, from: string, to: string, bytes: Uint8Array): string {
    const what = `${from} > ${to} ${Buffer.from(bytes).toString("latin1")}`;
    count.set(what, (count.get(what) ?? 0) + 1);
    return what;
  }

  #pair(from: string, to: string) {
    const key = `${from} > ${to}`;
    const known = this.#order.get(key) ?? { sent: [], came: [] };
    this.#order.set(key, known);
    return known;
  }

  assertNoneTwice(): void {
    for (const [what, times] of this.#came) {
      assert.ok(times <= this.#sent.get(what)!, `${what.slice(0, 40)} came twice`);
    }
  }

  assertOrder(): void {
    for (const { sent, came } of this.#order.values()) assert.deepEqual(came, sent);
  }
}
