/** What the network of a simulation does with Unix paths. */
import { describe, expect, it } from "vitest";

import { createSimulation } from "iomux/testing";

describe("Unix paths", () => {
  it("are those of one host, and what is not there is ENOENT", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const reactor = there.createReactor();
      const listener = await reactor.listen({ path: "/run/it" });
      const [own, foreign] = [there, here].map((host) => host.dial({ path: "/run/it" }));
      await world.sleep(10);
      expect(own).toMatchObject({ connected: true });
      expect(foreign!.error).toMatchObject({ code: "ENOENT" });
      listener.accept()!.abort();
      await world.sleep(1);
      own!.destroy();
      listener.close();
      await reactor.close();
    });
  });

  it("a full backlog is EAGAIN at once", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const host = world.host("it");
      const reactor = host.createReactor();
      const listener = await reactor.listen({ path: "/run/it" }, { backlog: 1 });
      const sockets = Array.from({ length: 50 }, () => host.dial({ path: "/run/it" }));
      await world.sleep(1);
      expect(sockets.filter(({ connected: stands }) => stands).length).toBeGreaterThan(0);
      const refused = sockets.filter(({ error }) => error !== null);
      expect(refused.length).toBeGreaterThan(0);
      for (const { error } of refused) expect(error).toMatchObject({ code: "EAGAIN" });
      for (const socket of sockets) socket.destroy();
      listener.close();
      await reactor.close();
    });
  });
});
