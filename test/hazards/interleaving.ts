/** One interleaving of steps and turns: the reactor and the model side by side. */
import {
  createReactor,
  formatMask,
  IomuxError,
  READABLE,
  type Channel,
  type Reactor,
  type Registration,
} from "iomux";
import { MemoryNetwork, SimulatedClock, type MemorySocket } from "iomux/testing";

import { ARRIVING, ReadinessModel, type PeerClose, type Step } from "./readiness-model.ts";

/** Who takes the steps: the program between two turns, the handler, or that of a neighbour. */
type Place = "outside" | "handler" | "neighbour";

export interface Setting {
  /** The interest at first; `modify` asks for them in turn. */
  readonly interests: readonly [number, ...number[]];
  readonly peerClose: PeerClose;
  readonly place: Place;
}

const BYTES = Buffer.alloc(ARRIVING, "x");

/** Answers how often the handler was called. Bit i of `turns`: a turn comes after step i. */
export function runInterleaving(setting: Setting, steps: readonly Step[], turns: number): number {
  const interleaving = new Interleaving(setting);
  try {
    return interleaving.run(steps, turns);
  } catch (error) {
    const { interests, peerClose, place } = setting;
    const order = steps.map((step, i) => ((turns >> i) & 1 ? `${step}, TURN` : step)).join(", ");
    const what = `${interests.map(formatMask).join(" then ")}, ${peerClose}, by ${place}: ${order}`;
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  }
}

class Interleaving {
  readonly #clock = new SimulatedClock();
  readonly #reactor: Reactor;
  readonly #channel: Channel;
  readonly #peer: MemorySocket;
  readonly #registration: Registration;
  readonly #model: ReadinessModel;
  readonly #setting: Setting;
  #steps: readonly Step[] = [];
  #takenSteps = 0;
  #modified = 0;
  #calls = 0;
  /** What a handler found. */
  #thrown: Error | null = null;

  constructor(setting: Setting) {
    this.#setting = setting;
    const { interests, peerClose, place } = setting;
    const network = new MemoryNetwork(this.#clock);
    const onError = (error: Error): void => {
      this.#thrown ??= error;
    };
    this.#reactor = createReactor({ network, clock: this.#clock, onError });
    if (place === "neighbour") this.#addNeighbour(network);
    const [source, peer] = network.pair();
    this.#peer = peer;
    this.#channel = this.#reactor.adopt(source as never);
    if (peerClose === "end after ours") this.#channel.shutdown();
    this.#clock.stepSync();
    this.#model = new ReadinessModel(interests[0], peerClose);
    this.#registration = this.#reactor.register(this.#channel, interests[0], (_, ready) => {
      this.#calls++;
      this.#compareTold(ready);
      if (place === "handler") this.#step();
      this.#model.called(ready);
    });
  }

  /** It is ready in every turn, before the channel or after it. */
  #addNeighbour(network: MemoryNetwork): void {
    const [source, peer] = network.pair();
    peer.write("x");
    this.#reactor.register(source as never, READABLE, () => {
      this.#step();
    });
  }

  run(steps: readonly Step[], turns: number): number {
    this.#steps = steps;
    const outside = this.#setting.place === "outside";
    for (let place = 0; place < steps.length; place++) {
      if (outside) this.#step();
      if (!outside || (turns >> place) & 1) this.#turn();
      // In this turn no handler was called that could have taken it.
      if (this.#takenSteps === place) this.#step();
    }
    this.#turn();
    this.#turn();
    this.#channel.abort();
    this.#model.step("close");
    this.#turn();
    equal("registered", this.#reactor.has(this.#channel), false);
    return this.#calls;
  }

  #turn(): void {
    const before = this.#calls;
    this.#model.io();
    this.#model.collect();
    this.#clock.stepSync();
    if (this.#thrown !== null) throw this.#thrown;
    if (this.#calls === before) this.#compareTold(0);
    equal("called once at most", this.#calls <= before + 1, true);
    this.#reactor.assertInvariants();
  }

  #compareTold(ready: number): void {
    equal("told", formatMask(ready), formatMask(this.#model.dispatch()));
  }

  #step(): void {
    const step = this.#steps[this.#takenSteps];
    if (step === undefined) return;
    this.#takenSteps++;
    const { registered } = this.#model;
    const { interests } = this.#setting;
    if (step === "modify") this.#modified = (this.#modified + 1) % interests.length;
    this.#take(step, interests[this.#modified]!, registered);
    this.#model.step(step, interests[this.#modified]);
    this.#compare();
  }

  #take(step: Step, interest: number, registered: boolean): void {
    if (step === "arrive") this.#peer.write(BYTES);
    if (step === "peer-close") this.#closePeer();
    if (step === "read") this.#channel.read(1);
    if (step === "clear") for (; this.#channel.read() !== null;);
    if (step === "close") this.#channel.close();
    if (step === "unregister") equal("unregister", this.#registration.unregister(), registered);
    if (step === "modify") equal("modify", this.#modify(interest), registered);
  }

  #closePeer(): void {
    if (this.#setting.peerClose === "reset") this.#peer.reset();
    else this.#peer.end();
  }

  #modify(interest: number): boolean {
    try {
      this.#registration.modify(interest);
      return true;
    } catch (error) {
      if (error instanceof IomuxError && error.code === "IOMUX_NOT_REGISTERED") return false;
      throw error;
    }
  }

  #compare(): void {
    const { active, ready } = this.#registration;
    equal("active", active, this.#model.registered);
    if (active) equal("ready", formatMask(ready), formatMask(this.#model.ready));
  }
}

function equal<T>(what: string, seen: T, wanted: T): void {
  if (seen !== wanted) throw new Error(`${what}: ${String(seen)}, not ${String(wanted)}`);
}
