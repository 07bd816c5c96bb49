/** From an address to a session: whose account, how secure, and in which folder it begins. */
import type { Reactor } from "iomux";

import { findAccount, type AccountSources, type NetrcPlace } from "./credentials.ts";
import { ClientFailure } from "./failure.ts";
import type { ClientSettings } from "./flags.ts";
import { formatFtpAddress, parseTypedAddress, type FtpAddress } from "./ftp-address.ts";
import { openFtpClient, type FtpClient, type TlsSettings } from "./ftp-client.ts";
import type { Dialled, Dialler } from "./link.ts";

/** Asks for what must not be shown. Null: nothing was given. */
export type Ask = (question: string, signal: AbortSignal) => Promise<string | null>;

export interface DialSettings extends Pick<
  ClientSettings,
  "connectSeconds" | "stallSeconds" | "listingEntries"
> {
  readonly reactor: Reactor;
  readonly tls: TlsSettings | null;
  readonly netrc: NetrcPlace;
  /** From the environment, for the address that the program was started with. */
  readonly password: string | null;
  /** Null: there is nobody to ask. */
  readonly ask: Ask | null;
}

/** A session at `address`, where the server lets the user in. Rejects with a `ClientFailure`. */
export async function dial(
  address: FtpAddress,
  settings: DialSettings,
  signal: AbortSignal,
): Promise<FtpClient> {
  const { reactor, tls, netrc, password, ask } = settings;
  const sources: AccountSources = {
    ...{ netrc, password },
    ask: ask === null ? null : (question) => ask(question, signal),
  };
  const account = await findAccount(address, sources);
  return openFtpClient(
    reactor,
    {
      ...account,
      ...{ host: address.host, port: address.port, tls },
      connectMs: settings.connectSeconds * 1000,
      stallMs: settings.stallSeconds * 1000,
      maxListingEntries: settings.listingEntries,
      wallMs: () => Date.now(),
    },
    { signal },
  );
}

/** For who types addresses: it remembers the last one, and the password that was given for it. */
export class AddressDialler implements Dialler {
  readonly #settings: DialSettings;
  #address: FtpAddress | null = null;
  #told: string | null = null;

  constructor(settings: DialSettings) {
    this.#settings = settings;
    this.#told = settings.password;
  }

  async dial(typed: string | null, signal: AbortSignal): Promise<Dialled> {
    const address = typed === null ? this.#address! : parsed(typed);
    // What was told for one server is not said to another.
    if (typed !== null && this.#address !== null) this.#told = null;
    this.#address = address;
    const client = await dial(address, { ...this.#settings, ...this.#asking() }, signal);
    try {
      if (address.path !== "") await client.enter(address.path);
    } catch (error) {
      client.abort();
      throw error;
    }
    return { client, where: formatFtpAddress(address) };
  }

  #asking(): Pick<DialSettings, "ask" | "password"> {
    const { ask } = this.#settings;
    return {
      password: this.#told,
      ask:
        ask === null
          ? null
          : async (question, signal) => (this.#told = await ask(question, signal)),
    };
  }
}

function parsed(typed: string): FtpAddress {
  try {
    return parseTypedAddress(typed);
  } catch (error) {
    throw new ClientFailure("misuse", (error as Error).message);
  }
}
