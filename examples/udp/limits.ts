/** The server's limits, each with a flag. */
import type { Limits } from "../program/flags.ts";

export const LIMITS = {
  clients: [16_384, 1, 1_000_000, "clients that are remembered at a time"],
  clientsPerAddress: [4096, 1, 1_000_000, "of them from one IP address"],
  rememberedBytes: [4_194_304, 1200, 2 ** 34, "last answers that are remembered"],
  rememberMs: [60_000, 2, 86_400_000, "how long, after a client's last request"],
  ticketMs: [10_000, 1, 86_399_999, "age of a ticket at its first request"],
  keys: [65_536, 1, 10_000_000, "keys in the store"],
  storeBytes: [16_777_216, 1, 2 ** 34, "keys and values in the store"],
} as const satisfies Limits;

export type ServiceLimits = Readonly<Record<keyof typeof LIMITS, number>>;

export const DEFAULT_LIMITS = Object.fromEntries(
  Object.entries(LIMITS).map(([name, [usual]]) => [name, usual]),
) as ServiceLimits;
