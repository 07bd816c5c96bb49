/** What a user reads of a TLS connection that breaks. */
import { describe, expect, it } from "vitest";

import { connectionError } from "../../src/node/connection-error.ts";
import { handshakeError } from "../../src/node/tls-error.ts";

const PEER = { family: "IPv4", host: "127.0.0.1", port: 443 } as const;

/** As OpenSSL words it. */
function opensslError(code: string, reason?: string): Error {
  const message =
    "80FC46:error:0A00045C:SSL routines:f:words:../deps/openssl/x.c:1:SSL alert 116\n";
  return Object.assign(new Error(message), { code, ...(reason !== undefined && { reason }) });
}

describe("errors of TLS", () => {
  it("that its certificate was refused, which a client of TLS 1.3 hears after the handshake", () => {
    const code = "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED";
    expect(connectionError(opensslError(code), PEER, false).message).toBe(
      `connection with 127.0.0.1:443: the peer wants a certificate; give tls.cert and key (${code})`,
    );
  });

  it("what nobody has foreseen is one line, without OpenSSL's numbers where there is a reason", () => {
    const { message } = connectionError(opensslError("ERR_SSL_X", "bad extension"), PEER, false);
    expect(message).toBe("connection with 127.0.0.1:443: bad extension (ERR_SSL_X)");
    expect(handshakeError(opensslError("ERR_SSL_X"), PEER).message.split("\n")).toHaveLength(1);
  });

  it("that the certificate is for another name, and which option says the name", () => {
    const error = Object.assign(new Error("Hostname/IP does not match"), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
      reason: "Host: localhost. is not in the cert's altnames: DNS:other.example",
    });
    expect(handshakeError(error, PEER).message).toContain("another name; see tls.servername");
  });
});
