/** The file client on every network, against our server and against one that says nothing. */
import { expect, it } from "vitest";

import { lines, serve, type Connection } from "iomux";

import { openFtpClient, type FtpClient } from "../../examples/ftp/client/ftp-client.ts";
import { ABANDON_MS } from "../../examples/ftp/client/session.ts";
import { FtpSite } from "../support/ftp-site.ts";
import { onNetworks, SIMULATED, type World } from "../support/world.ts";
import { clientSettings, failureOf } from "./file-client-session.ts";

const STALL_MS = 5000;

function open(
  world: World,
  port: number,
  signal?: AbortSignal,
  stallMs = STALL_MS,
): Promise<FtpClient> {
  const settings = clientSettings({ port, user: "ann", password: "right", stallMs });
  const options = signal === undefined ? {} : { signal };
  return openFtpClient(world.createReactor(), settings, options);
}

onNetworks([["net", "tcp"], ["memory", "tcp"], ...SIMULATED], "our server", (world) => {
  it("is listed, entered and changed", async () => {
    const site = await FtpSite.open(world());
    await site.put("/a b", Buffer.from("12345"));
    const [{ port }] = site.files.addresses as unknown as [{ port: number }];
    const client = await world().run(open(world(), port));
    const ask = <T>(work: Promise<T>): Promise<T> => world().run(work);
    expect(await ask(client.list(""))).toMatchObject([{ name: "a b", kind: "file", size: 5 }]);
    await ask(client.makeFolder("d"));
    await ask(client.rename("a b", "d/c"));
    await ask(client.enter("d"));
    expect(await ask(client.folder())).toBe("/d");
    expect(await ask(client.info("c"))).toMatchObject({ kind: "file", size: 5 });
    await ask(client.remove("c"));
    expect(await ask(client.list("/d"))).toEqual([]);
    await ask(failureOf(client.enter("/none"), "no-file"));
    await ask(client.quit());
    expect(await client.closed).toBeNull();
  });
});

/** Answers the login, and then only what `answers` has. */
async function silentServer(
  world: World,
  heard: string[],
  answers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const said: Record<string, string> = { USER: "331 and?", PASS: "230 in", FEAT: "500 what?" };
  const server = await world.run(
    serve(
      world.createReactor(),
      { listen: { port: 0 }, framer: () => lines() },
      {
        open: (connection: Connection) => void connection.send(Buffer.from("220 hello\r\n")),
        frame(connection, line) {
          const [verb] = line.toString().split(" ", 1) as [string];
          heard.push(verb);
          const answer = said[verb] ?? answers[verb];
          if (answer !== undefined) connection.send(Buffer.from(`${answer}\r\n`));
        },
      },
    ),
  );
  return (server.addresses[0] as { readonly port: number }).port;
}

onNetworks([["memory", "tcp"]], "a server that says nothing", (world) => {
  it("is given up after stallMs, and not before", async () => {
    const heard: string[] = [];
    const client = await world().run(open(world(), await silentServer(world(), heard)));
    let over = false;
    const failure = failureOf(client.folder(), "timed-out").finally(() => (over = true));
    await world().until(() => heard.includes("PWD"), "the question");
    await world().advance(STALL_MS - 10);
    expect(over).toBe(false);
    await world().advance(20);
    await failure;
    expect((await client.closed)?.kind).toBe("timed-out");
  });

  it("has ABANDON_MS to break off what was given up", async () => {
    const heard: string[] = [];
    const stop = new AbortController();
    const port = await silentServer(world(), heard);
    const client = await world().run(open(world(), port, stop.signal, 10 * ABANDON_MS));
    const listed = client.list("", { signal: stop.signal });
    let over = false;
    const failure = failureOf(listed, "interrupted").finally(() => (over = true));
    await world().until(() => heard.includes("TYPE"), "the question");
    stop.abort();
    await world().until(() => heard.includes("ABOR"), "the end of it");
    await world().advance(ABANDON_MS - 10);
    expect(over).toBe(false);
    await world().advance(20);
    await failure;
    expect((await client.closed)?.kind).toBe("lost");
  });

  it("an answer in time leaves the session usable", async () => {
    const heard: string[] = [];
    const answers = { ABOR: "426 broken\r\n226 aborted", PWD: '257 "/"', CWD: "250 ok" };
    const client = await world().run(open(world(), await silentServer(world(), heard, answers)));
    const stop = new AbortController();
    const listed = failureOf(client.list("", { signal: stop.signal }), "interrupted");
    await world().until(() => heard.includes("TYPE"), "the question");
    stop.abort();
    await world().run(listed);
    await world().run(client.enter("x"));
    expect(heard.slice(-3)).toEqual(["ABOR", "PWD", "CWD"]);
  });

  it("who stops the login ends the connection", async () => {
    const heard: string[] = [];
    const port = await silentServer(world(), heard);
    const stop = new AbortController();
    stop.abort();
    await world().run(failureOf(open(world(), port, stop.signal), "interrupted"));
    expect(heard).toEqual([]);
  });
});
