/** What comes between in the file client: Ctrl-C, and a server that goes away; without both. */
import { describe, expect, test } from "vitest";

import { failure, FakeClient, FakeDialler, FakeScreen, file, stay } from "./file-client-fakes.ts";

describe("Ctrl-C", () => {
  test("stops a transfer, and nothing else", async () => {
    const { screen, client } = await stay({ quiet: true });
    client.waiting.add("get a /here/a");
    screen.begin("get a");
    await client.until("get a /here/a");
    screen.person.interrupt();
    await screen.asked;
    expect(screen.look()).toEqual(["!! get a /here/a: interrupted"]);
    await screen.type("pwd");
    expect([screen.look(), client.asked.includes("abort")]).toEqual([["/"], false]);
  });

  test("stops all of mget", async () => {
    const { screen, client } = await stay({ quiet: true });
    client.folders[""] = [file("a"), file("b")];
    client.waiting.add("get a /here/a");
    screen.begin("mget *");
    await client.until("get a /here/a");
    screen.person.interrupt();
    await screen.asked;
    expect(client.asked).toEqual(["list ", "get a /here/a"]);
  });

  test("twice, with nothing between, leaves with 130, whatever is under way", async () => {
    const { screen, client, over } = await stay();
    client.waiting.add("get a /here/a");
    screen.begin("get a");
    await client.until("get a /here/a");
    screen.person.interrupt();
    screen.person.interrupt();
    expect(await over).toBe(130);
    expect(client.asked).toEqual(["get a /here/a", "abort"]);
  });

  test("twice leaves also if the first one has stopped a transfer", async () => {
    const { screen, client, over } = await stay();
    client.waiting.add("get a /here/a");
    screen.begin("get a");
    await client.until("get a /here/a");
    screen.person.interrupt();
    await screen.asked;
    screen.person.interrupt();
    expect(await over).toBe(130);
  });

  test("at a prompt drops the line; twice leaves with 130", async () => {
    const { screen, client, over } = await stay();
    screen.person.interrupt();
    await screen.asked;
    expect(screen.look()).toEqual(["-- Ctrl-C again leaves"]);
    screen.person.typed();
    screen.person.interrupt();
    await screen.asked;
    expect(client.asked).toEqual([]);
    screen.person.interrupt();
    expect(await over).toBe(130);
  });

  test("ends the connection if that is what it takes; the next command makes another", async () => {
    const second = new FakeClient();
    const client = new FakeClient();
    const { screen } = await stay({ dialler: new FakeDialler(client, second) });
    await screen.type("cd pub");
    client.waiting.add("remove a");
    screen.begin("rm a");
    await client.until("remove a");
    screen.person.interrupt();
    await screen.asked;
    expect(screen.look()).toEqual(["!! interrupted"]);
    await screen.type("pwd");
    expect([second.asked, screen.look()]).toEqual([
      ["enter pub", "folder"],
      ["-- connected to server:21 again", "pub"],
    ]);
  });

  test("in a pipe ends it with 130, at the first time", async () => {
    const busy = await stay({ screen: new FakeScreen(false) });
    busy.client.waiting.add("get a /here/a");
    busy.screen.begin("get a");
    await busy.client.until("get a /here/a");
    busy.screen.person.interrupt();
    expect(await busy.over).toBe(130);
    const idle = await stay({ screen: new FakeScreen(false) });
    idle.screen.person.interrupt();
    expect(await idle.over).toBe(130);
  });
});

describe("a server that goes away", () => {
  test("is one line at the prompt; the next command connects again, to the same folder", async () => {
    const [first, second] = [new FakeClient(), new FakeClient()];
    const { screen, dialler } = await stay({ dialler: new FakeDialler(first, second) });
    await screen.type("cd pub");
    const complained = screen.complained;
    first.lose();
    await complained;
    expect(screen.look()).toEqual(["!! the connection was lost"]);
    await screen.type("rm a");
    expect(screen.look()).toEqual(["-- connected to server:21 again"]);
    expect([dialler.dialled, second.asked]).toEqual([
      ["host", null],
      ["enter pub", "remove a"],
    ]);
  });

  test("in the middle of a command is one line too", async () => {
    const { screen, client } = await stay();
    client.waiting.add("get a /here/a");
    screen.begin("get a");
    await client.until("get a /here/a");
    client.lose();
    await screen.asked;
    expect(screen.look()).toEqual(["!! the connection was lost"]);
  });

  test("and does not come back is said at each command", async () => {
    const { screen, client } = await stay();
    const complained = screen.complained;
    client.lose();
    await complained;
    await screen.type("list");
    await screen.type("list");
    expect(screen.look().slice(1)).toEqual(["!! nobody answers", "!! nobody answers"]);
  });

  test("whose folder is gone gets no command for another one", async () => {
    const [first, second] = [new FakeClient(), new FakeClient()];
    const { screen } = await stay({ dialler: new FakeDialler(first, second) });
    await screen.type("cd pub");
    const complained = screen.complained;
    first.lose();
    await complained;
    second.failing["enter pub"] = failure("no-file", "pub: no such folder");
    await screen.type("rm a");
    await screen.type("rm a");
    expect(second.asked).toEqual(["enter pub", "abort"]);
  });
});
