/** The ways to ask whether a channel is ready. What each of them answers is put down in words. */
import { EDGE, formatMask, ONESHOT, type Channel, type Reactor, type Registration } from "iomux";

/** How often each of them is asked. */
const TIMES = 3;

/** Nothing was said. */
const NOTHING = "-";

export const MODES = { level: 0, edge: EDGE, oneshot: ONESHOT } as const;

function words(ready: number): string {
  return ready === 0 ? NOTHING : formatMask(ready);
}

async function repeat<T>(answer: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let time = 0; time < TIMES; time++) answers.push(await answer());
  return answers;
}

/** select(2): whatever is registered, it looks, and takes nothing. */
export async function selected(reactor: Reactor, channel: Channel): Promise<string[]> {
  return repeat(async () => {
    const lists = await reactor.select([channel], [channel], [channel], { timeoutMs: 0 });
    const names = ["read", "write", "except"].filter((_, list) => lists[list]!.length > 0);
    return names.join(", ") || NOTHING;
  });
}

/** A registration without a handler is asked by `poll()`, as by epoll_wait(2). */
export async function polled(
  reactor: Reactor,
  channel: Channel,
  interest: number,
): Promise<string[]> {
  const registration = reactor.register(channel, interest);
  const answers = await repeat(async () => {
    const [answer] = await reactor.poll({ timeoutMs: 0 });
    return words(answer?.[1] ?? 0);
  });
  if (registration.active) registration.unregister();
  return answers;
}

/** A registration with a handler is told. */
export class Watch {
  readonly registration: Registration<Channel>;
  readonly #reactor: Reactor;
  #ready = 0;

  constructor(reactor: Reactor, channel: Channel, interest: number) {
    this.#reactor = reactor;
    this.registration = reactor.register(channel, interest, (_, ready) => {
      this.#ready |= ready;
    });
  }

  /** What its handler was told until the end of the next turn, since this was last asked. */
  async told(): Promise<string> {
    await nextTurn(this.#reactor);
    const ready = this.#ready;
    this.#ready = 0;
    return words(ready);
  }

  end(): void {
    if (this.registration.active) this.registration.unregister();
  }
}

/** What the handler of a new registration is told in its first turns. */
export async function told(
  reactor: Reactor,
  channel: Channel,
  interest: number,
): Promise<string[]> {
  const watch = new Watch(reactor, channel, interest);
  const answers = await repeat(() => watch.told());
  watch.end();
  return answers;
}

/** Deferred callbacks run before the handlers of a turn, and promises behind all of it. */
function nextTurn(reactor: Reactor): Promise<void> {
  return new Promise((resolve) => {
    reactor.defer(resolve);
  });
}
