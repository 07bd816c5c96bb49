/** Uploads of clients that are gone before all is done, on real sockets and a store in memory. */
import { connect } from "node:net";
import { createReactor, type SocketAddress } from "iomux";
import { expect, test, vi } from "vitest";

import { readSettings, type Settings } from "../../examples/ftp/server/flags.ts";
import { FileServer } from "../../examples/ftp/server/server.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { LineLog } from "./line-log.ts";

async function openServer(store: MemoryStore) {
  const failures: unknown[] = [];
  const reactor = createReactor({
    slowHandlerMs: Infinity,
    onError: (error) => failures.push(error),
  });
  const settings = readSettings(["--port", "0"]) as Settings;
  const server = await FileServer.open(reactor, {
    ...{ settings, store, tls: null, tlsPolicy: "none", random: Math.random, wallMs: Date.now },
    login: (name) => {
      const rights = new Set(["read", "write"] as const);
      return Promise.resolve({ name, home: "/", rights, isAnonymous: true });
    },
    onTransfer: () => undefined,
    report: (error) => failures.push(error),
  });
  const address = server.addresses[0] as SocketAddress & { host: string; port: number };
  const { host, port } = address;
  return { reactor, server, address: { host, port }, failures };
}

test.each([
  ["written", "write"],
  ["synced", "sync"],
])("a client that is gone while its upload is %s has not published it", async (_, awaited) => {
  let meanwhile = (): Promise<unknown> => Promise.resolve();
  const store = new MemoryStore({
    wait: async (operation) => {
      if (operation === awaited) await meanwhile();
    },
  });
  const { reactor, server, address, failures } = await openServer(store);
  const control = connect(address);
  const log = new LineLog(control);
  for (const line of ["USER ann", "PASS x", "TYPE I", "EPSV"]) control.write(`${line}\r\n`);
  const [, port] = /\|(\d+)\|/.exec(await log.until(/^229 /))!;
  const data = connect({ host: address.host, port: Number(port), allowHalfOpen: true });
  data.on("error", () => {});
  control.write("STOR file\r\n");
  await log.until(/^150 /);
  const leave = vi.fn(() => {
    control.end();
    // The server breaks it off as soon as it has heard of that.
    return new Promise((resolve) => data.once("close", resolve));
  });
  meanwhile = leave;
  // More than is gathered, so that it is written before all of it has come, or is known to end.
  data.end(Buffer.alloc(300_000));
  await log.over;
  expect(leave).toHaveBeenCalledOnce();
  await expect(store.entry("/file")).rejects.toMatchObject({ code: "not-found" });
  expect(store.open).toEqual({ readers: 0, uploads: 0 });
  await server.close(0);
  await reactor.close();
  expect(failures).toEqual([]);
});
