import { createReactor, READABLE, type Registration } from "iomux";
import { inspect } from "iomux/inspect";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

const clock = new SimulatedClock();
const reactor = createReactor({ network: new MemoryNetwork(clock), clock });
const listener = await reactor.listen({ port: 0 });
reactor.register(listener, READABLE, (ready) => void ready.accept());
const { url, close } = await inspect(reactor, { port: 0 });
void close().then(() => url);

/** A registration of any kind is a registration. */
function stop(registration: Registration): boolean {
  return registration.unregister();
}

stop(reactor.register(reactor.connect({ port: 1 }), READABLE, (channel) => void channel.read()));
stop(reactor.register(listener, READABLE, () => undefined, { data: "who" }));
