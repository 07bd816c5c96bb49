/** The README's chat is what the chat room and its client say, word for word. */
import { afterEach, describe, it } from "vitest";

import { absent, Stage } from "./chat-stage.ts";

let stage: Stage;

afterEach(() => stage.end());

describe.skipIf(absent("nc", "script"))("real peers: nc and script; the README's chat", () => {
  it("is what the chat room and its client say", { timeout: 60_000 }, async () => {
    stage = new Stage("README.md");
    const room = await stage.openRoom("room");
    const first = stage.open("first");
    await first.play(4); // alone in the room
    const second = stage.open("second");
    await Promise.all([room.play(), first.play(), second.play()]);
    await Promise.all([room.over(), first.over(), second.over()]);
  });
});
