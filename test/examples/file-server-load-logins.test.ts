/** Floods of wrong passwords: who comes from elsewhere gets in. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";

import { userLine } from "../../examples/accounts/accounts.ts";
import { MAX_WAITING_LOGINS } from "../../examples/accounts/login-turns.ts";
import { StatusAsker } from "./file-server-crowd.ts";
import { ANN, Conversation, endFileServer, openFileServer } from "./file-server-process.ts";
import type { FileServer } from "./file-server-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

afterAll(cleanUp);

/** Of hashes that take long enough to wait for each other. */
const COST = { logN: 13, r: 8, p: 1 };

/** Of who was sent away: the machine is for the server's hashes. */
const PAUSE_MS = 50;

/** Somebody who tries passwords, over and over, with as many connections. */
class Flood {
  tries = 0;
  #over = false;
  readonly #sessions = new Set<Conversation>();

  constructor(server: FileServer, address: string, connections: number) {
    for (let i = 0; i < connections; i++) void this.#flood(server, address);
  }

  async #flood(server: FileServer, address: string): Promise<void> {
    while (this.#goesOn()) {
      try {
        const session = await Conversation.open(server, undefined, address);
        this.#sessions.add(session);
        while (this.#goesOn()) {
          await session.say("USER ann");
          await session.say("PASS wrong");
          this.tries++;
        }
        session.close();
      } catch {
        // It was sent away, and comes again.
        await setTimeout(PAUSE_MS);
      }
    }
  }

  #goesOn(): boolean {
    return !this.#over;
  }

  end(): void {
    this.#over = true;
    for (const session of this.#sessions) session.close();
  }
}

test.each([
  ["one address", ["127.0.0.2"]],
  ["two addresses", ["127.0.0.2", "127.0.0.3"]],
  ["five addresses", ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"]],
])("a flood of logins from %s keeps out nobody else", async (_, addresses) => {
  const folder = temporaryFolder();
  const [users, socket] = [join(folder, "users"), join(folder, "status")];
  writeFileSync(users, `${await userLine(ANN, COST)}\n`);
  const flags = ["--users", users, "--status-socket", socket, "--sessions-per-second", "0"];
  const tries = ["--wrong-password-seconds", "0", "--password-tries", "100"];
  const server = await openFileServer([...flags, ...tries]);
  const asker = new StatusAsker(socket);
  const connections = Math.min(90, Math.ceil(150 / addresses.length));
  const floods = addresses.map((address) => new Flood(server, address, connections));
  await asker.until(({ logins }) => logins.waiting === MAX_WAITING_LOGINS);
  for (let i = 0; i < 3; i++) {
    const before = floods.reduce((sum, flood) => sum + flood.tries, 0);
    const ann = await Conversation.open(server, ANN);
    expect(await ann.say("PWD")).toMatch(/^257/);
    ann.close();
    expect((await asker.ask()).logins.waiting).toBeGreaterThan(MAX_WAITING_LOGINS / 2);
    expect(floods.reduce((sum, flood) => sum + flood.tries, 0)).toBeGreaterThanOrEqual(before);
  }
  for (const flood of floods) flood.end();
  // Who has hung up waits no more.
  await asker.until(({ logins, sessions }) => logins.waiting + sessions.taken === 0);
  asker.close();
  await endFileServer(server);
});
