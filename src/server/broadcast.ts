/** One frame to many connections. */
import { IomuxTypeError } from "../errors.ts";
import type { AnyConnection } from "./connection.ts";
import { underlying } from "./awaited-connection.ts";
import { ServedConnection } from "./served-connection.ts";
import { SharedFrame } from "./shared-frame.ts";

/** What `broadcast()` takes besides the frame. */
export interface BroadcastOptions {
  /** Who is left out, most often the one who spoke. */
  readonly except?: AnyConnection | undefined;
  /** Whose frame this is: with the policy `pause-source` it waits for slow readers. */
  readonly source?: AnyConnection | undefined;
}

/**
 * Sends `bytes` to each of `connections`, by the policy of each, and answers how many have taken
 * them. Where they must wait they are held and counted once, for all together. Nothing is called
 * back meanwhile: `connections` may be a table that the callback `close` changes.
 */
export function broadcast(
  connections: Iterable<AnyConnection>,
  bytes: Uint8Array,
  options: BroadcastOptions = {},
): number {
  if (!(bytes instanceof Uint8Array)) {
    const what = typeof bytes === "string" ? "a string: use Buffer.from(text)" : typeof bytes;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", `broadcast takes a Uint8Array, not ${what}`);
  }
  const { except } = options;
  const source = options.source === undefined ? null : underlying(options.source);
  let frame: SharedFrame | undefined;
  let taken = 0;
  for (const given of connections) {
    if (given === except) continue;
    const connection = underlying(given);
    if (!(connection instanceof ServedConnection)) {
      const message = "broadcast was given something that is no connection of a server";
      throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
    }
    const { budget } = connection.channel.host;
    if (frame?.budget !== budget) frame = new SharedFrame(bytes, budget, true);
    if (connection.offer(frame, source)) taken++;
  }
  return taken;
}
