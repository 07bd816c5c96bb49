/** Who comes to the socket of the status before it has its mode. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";

import { afterAll, expect, test, vi } from "vitest";

import { createReactor } from "iomux";

import { openStatus } from "../../examples/ftp/server/status-server.ts";
import type { ServerStatus } from "../../examples/ftp/server/status.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

const mode = vi.hoisted(() => {
  let [asked, allow] = [(): void => undefined, (): void => undefined];
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const isAllowed = new Promise<void>((resolve) => (allow = resolve));
  return { asked: () => asked(), allow: () => allow(), isAsked, isAllowed };
});

vi.mock(import("node:fs/promises"), async (original) => {
  const { chmod, ...others } = await original();
  return {
    ...others,
    chmod: async (...given) => {
      mode.asked();
      await mode.isAllowed;
      return chmod(...given);
    },
  };
});

test("who comes to the socket before others are kept out of it is told nothing", async () => {
  const reactor = createReactor();
  const path = join(temporaryFolder(), "status");
  const source = { status: () => ({ told: [] }) as unknown as ServerStatus, report: () => {} };
  const opening = openStatus(reactor, { socket: path, host: "127.0.0.1", port: 1 }, source);
  await mode.isAsked;
  const early = connect({ path });
  early.on("error", () => {});
  let heard = "";
  early.on("data", (bytes) => (heard += bytes.toString()));
  early.write("status\n");
  await new Promise((resolve) => early.once("close", resolve));
  expect(heard).toBe("");
  mode.allow();
  await opening;
  const late = connect({ path });
  late.write("status\n");
  const [answer] = (await once(late, "data")) as [Buffer];
  expect(answer.toString()).toBe('{"told":[]}\n');
  late.destroy();
  await reactor.close({ drainMs: 0 });
});
