/** The handler of a server's connections. Reports and tools tell the servers apart by its name. */
import type { Handler } from "../registration.ts";
import type { ServedConnection } from "./served-connection.ts";

/** One for all connections of a server: no closure for each. */
export function handlerOf(label = ""): Handler {
  const handler: Handler = (_, ready, registration) => {
    (registration.data as ServedConnection<unknown, unknown>).ready(ready);
  };
  return Object.defineProperty(handler, "name", { value: `serve ${label}`.trim() });
}
