/** A connection's whole life as a coroutine: read, answer, send, until the client leaves. */
import { ConnectionClosedError, type AsyncConnection } from "iomux";

import type { Answerer } from "../work.ts";

export async function talk(connection: AsyncConnection, answer: Answerer): Promise<void> {
  try {
    for await (const frame of connection) await connection.send(await answer(frame));
  } catch (error) {
    // The client is gone, or has sent what is no frame: that is its own business.
    if (!(error instanceof ConnectionClosedError)) throw error;
  } finally {
    connection.end();
  }
}
