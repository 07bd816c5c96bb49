/** A session of the file client in the process of the test. */
import { onTestFinished } from "vitest";

import { createReactor } from "iomux";

import {
  openFtpClient,
  type FtpClient,
  type FtpClientSettings,
} from "../../examples/ftp/client/ftp-client.ts";
import { ClientFailure, type FailureKind } from "../../examples/ftp/client/failure.ts";

export interface Place extends Partial<FtpClientSettings> {
  readonly port: number;
}

/** Of a session; for a server of this machine. */
export function clientSettings(place: Place): FtpClientSettings {
  const { user = "anonymous", password = "anonymous@", tls = null } = place;
  return {
    ...{ host: "127.0.0.1", connectMs: 20_000, stallMs: 20_000, maxListingEntries: 1000 },
    wallMs: () => Date.now(),
    ...place,
    ...{ user, password, tls },
  };
}

/** It is ended with the test. */
export async function openClient(place: Place): Promise<FtpClient> {
  const reactor = createReactor();
  onTestFinished(async () => {
    await reactor.close({ drainMs: 0 });
  });
  return openFtpClient(reactor, clientSettings(place));
}

/** The failure of what must fail, so and not otherwise. */
export async function failureOf(
  work: Promise<unknown>,
  kind?: FailureKind,
): Promise<ClientFailure> {
  const failure = await work.then(
    (value) => {
      throw new Error(`it did not fail: ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
  if (!(failure instanceof ClientFailure)) throw failure as Error;
  if (kind !== undefined && failure.kind !== kind) {
    throw new Error(`${failure.kind}, and not ${kind}: ${failure.stack}`);
  }
  return failure;
}
