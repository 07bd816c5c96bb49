/** A port for each server: the one that it is to have, or the next one that is free. */
import { IomuxError } from "iomux";

import type { Port } from "./flags.ts";

/** Ports that are tried. */
export const MAX_PORT_TRIES = 100;
const LAST_PORT = 65_535;

/** Calls `open` with one port after the other until one is free. Rejects with one line. */
export async function openAtPort<T>(
  host: string,
  { flag, port, asked, others }: Port,
  open: (port: number) => Promise<T>,
): Promise<T> {
  const last = asked ? port : Math.min(port + MAX_PORT_TRIES - 1, LAST_PORT);
  for (let at = port; at <= last; at++) {
    if (others.includes(at)) continue;
    try {
      return await open(at);
    } catch (error) {
      if (!(error instanceof IomuxError)) throw error;
      if (error.code !== "EADDRINUSE") {
        throw new Error(`--host ${host} --${flag} ${at}: ${error.message}`, { cause: error });
      }
    }
  }
  throw new Error(
    asked
      ? `--${flag} ${port}: the port is taken: give another one, or 0 for any that is free`
      : `the ports ${port} to ${last} are all taken: give --${flag}, or 0 for any that is free`,
  );
}
