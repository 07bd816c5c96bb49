/** TLS spoken with programs that others wrote: openssl and curl. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import {
  createReactor,
  createTlsContext,
  lines,
  READABLE,
  serve,
  WRITABLE,
  type Channel,
  type Listener,
  type Reactor,
  type TlsServerOptions,
} from "iomux";

import { authority, local } from "../support/certificates.ts";

const required = process.env.IOMUX_REQUIRE_PEERS === "1";

function isMissing(program: string, argument: string): boolean {
  return !required && spawnSync(program, [argument]).error !== undefined;
}

const folder = mkdtempSync(join(tmpdir(), "iomux-tls-"));
const ca = join(folder, "ca.pem");
const client = authority.issue({ names: ["client.example"] });
const clientFile = join(folder, "client.pem");
writeFileSync(ca, authority.cert);
writeFileSync(clientFile, client.cert + client.key);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Talk {
  readonly child: ChildProcess;
  output: string;
  readonly ended: Promise<number | null>;
}

function run(program: string, ...args: string[]): Talk {
  const child = spawn(program, args, { stdio: "pipe" });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const talk: Talk = { child, output: "", ended };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (talk.output += text));
  }
  child.stdin.on("error", () => undefined);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return talk;
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  for (const deadline = Date.now() + 20_000; !condition();) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A server whose handler is called for each peer with what it has read. */
async function serverOf(
  tls: Partial<TlsServerOptions> | null,
  onBytes: (channel: Channel, text: string, reactor: Reactor) => void,
  onPeer: (channel: Channel) => void = () => undefined,
): Promise<{ reactor: Reactor; listener: Listener; port: string; reports: string[] }> {
  const reports: string[] = [];
  const reactor = createReactor({
    slowHandlerMs: Infinity,
    onError: (error) => reports.push(error.message),
  });
  onTestFinished(() => reactor.close({ drainMs: 0 }).then(() => undefined));
  const options = tls === null ? {} : { tls: { ...local, ...tls } };
  const listener = await reactor.listen({ port: 0 }, options);
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      onPeer(peer);
      reactor.register(peer, READABLE, (channel) => {
        const bytes = channel.read();
        if (bytes === null) return;
        if (bytes.length === 0) channel.close();
        else onBytes(channel, bytes.toString(), reactor);
      });
    }
  });
  const { port } = listener.localAddress as { port: number };
  return { reactor, listener, port: String(port), reports };
}

/** What FTP and SMTP have in common, in a few lines: serve(), and what it was told. */
async function commandServer(): Promise<{
  port: string;
  commands: { command: string; secure: boolean }[];
}> {
  const commands: { command: string; secure: boolean }[] = [];
  const reactor = createReactor();
  onTestFinished(() => reactor.close({ drainMs: 0 }).then(() => undefined));
  const context = createTlsContext(local);
  let mail = false;
  const server = await serve(
    reactor,
    { listen: { port: 0 }, framer: () => lines() },
    {
      open: (connection) => void connection.send(Buffer.from("220 localhost\r\n")),
      frame(connection, line) {
        const say = (answer: string): boolean => connection.send(Buffer.from(`${answer}\r\n`));
        const command = line.toString();
        const secure = connection.channel.tls !== null;
        commands.push({ command, secure });
        const verb = command.toUpperCase();
        if (mail) {
          mail = command !== ".";
          if (!mail) say("250 taken");
        } else if (verb.startsWith("EHLO")) say("250-localhost\r\n250 STARTTLS");
        else if (verb === "FEAT") say("211-Features:\r\n AUTH TLS\r\n211 End");
        else if (verb === "STARTTLS" || verb === "AUTH TLS") {
          say(verb === "STARTTLS" ? "220 go ahead" : "234 go ahead");
          connection.startTls({ server: context });
        } else if (verb === "DATA") {
          mail = true;
          say("354 go on");
        } else if (verb === "QUIT") {
          say("221 bye");
          connection.end();
        } else say(`250 ${verb}, ${secure ? "in secret" : "in plain"}`);
      },
    },
  );
  const { port } = server.addresses[0] as { port: number };
  return { port: String(port), commands };
}

function echo(channel: Channel, text: string): void {
  channel.write(Buffer.from(text.toUpperCase()));
}

describe.skipIf(isMissing("openssl", "version"))("real peer: openssl s_client", () => {
  const verify = ["-CAfile", ca, "-verify_return_error", "-verify_hostname", "localhost"];

  it.each(["-tls1_2", "-tls1_3"])("%s: it verifies us, and is answered", async (version) => {
    const { port } = await serverOf({}, echo);
    const talk = run("openssl", "s_client", "-connect", `127.0.0.1:${port}`, version, ...verify);
    await until(
      () => talk.output.includes("Verify return code: 0 (ok)"),
      () => talk.output,
    );
    talk.child.stdin!.write("hello from openssl\n");
    await until(
      () => talk.output.includes("HELLO FROM OPENSSL"),
      () => talk.output,
    );
  });

  it("SNI, ALPN and a client certificate", async () => {
    const mail = authority.issue({ names: ["mail.example"] });
    const seen: unknown[] = [];
    const tls = {
      hosts: { "mail.example": mail },
      alpnProtocols: ["imap"],
      ...{ ca: authority.cert, requestCert: true },
    };
    const { port } = await serverOf(tls, echo, (channel) => {
      const { servername, alpnProtocol, authorized, peerCertificate } = channel.tls!;
      seen.push([servername, alpnProtocol, authorized, peerCertificate?.subject]);
    });
    const target = ["-connect", `127.0.0.1:${port}`, "-servername", "mail.example"];
    const shown = ["-alpn", "smtp,imap", "-cert", clientFile, "-key", clientFile, "-CAfile", ca];
    const talk = run("openssl", "s_client", ...target, ...shown);
    await until(
      () => seen.length > 0,
      () => talk.output,
    );
    expect(seen).toEqual([["mail.example", "imap", true, "CN=client.example"]]);
    await until(
      () => talk.output.includes("ALPN protocol: imap"),
      () => talk.output,
    );
    expect(talk.output).toContain("subject=CN = mail.example");
  });

  it("renegotiation is refused, and the reactor goes on", async () => {
    const { port, reports } = await serverOf({}, echo);
    const talk = run("openssl", "s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2", ...verify);
    await until(
      () => talk.output.includes("Verify return code: 0 (ok)"),
      () => talk.output,
    );
    talk.child.stdin!.write("R\n");
    await until(
      () => /no renegotiation|RENEGOTIATING/.test(talk.output),
      () => talk.output,
    );
    await Promise.race([
      talk.ended,
      until(
        () => talk.output.includes("no renegotiation"),
        () => talk.output,
      ),
    ]);
    expect(talk.output).toContain("no renegotiation");
    const next = run("openssl", "s_client", "-connect", `127.0.0.1:${port}`, ...verify);
    await until(
      () => next.output.includes("Verify return code: 0 (ok)"),
      () => next.output,
    );
    expect(reports).toEqual([]);
  });

  it("STARTTLS as its smtp client asks for it", async () => {
    const context = createTlsContext(local);
    const answers = (channel: Channel, text: string, reactor: Reactor): void => {
      if (channel.tls !== null) echo(channel, text);
      else if (text.startsWith("STARTTLS")) {
        channel.write(Buffer.from("220 go ahead\r\n"));
        reactor.startTls(channel, { server: context });
      } else channel.write(Buffer.from("250-localhost\r\n250 STARTTLS\r\n"));
    };
    const { port } = await serverOf(null, answers, (channel) => {
      channel.write(Buffer.from("220 localhost ESMTP\r\n"));
    });
    const target = ["-connect", `127.0.0.1:${port}`, "-starttls", "smtp"];
    const talk = run("openssl", "s_client", ...target, ...verify);
    await until(
      () => talk.output.includes("Verify return code: 0 (ok)"),
      () => talk.output,
    );
    talk.child.stdin!.write("secret words\n");
    await until(
      () => talk.output.includes("SECRET WORDS"),
      () => talk.output,
    );
  });

  it.each(["ftp", "smtp"])(
    "STARTTLS of a connection of serve(), as its %s client",
    async (protocol) => {
      const { port } = await commandServer();
      const target = ["-connect", `127.0.0.1:${port}`, "-starttls", protocol];
      const talk = run("openssl", "s_client", ...target, ...verify);
      await until(
        () => talk.output.includes("Verify return code: 0 (ok)"),
        () => talk.output,
      );
      talk.child.stdin!.write("noop\n");
      await until(
        () => talk.output.includes("250 NOOP, in secret"),
        () => talk.output,
      );
    },
  );

  it("as a client of openssl s_server: its goodbye is confirmed", async () => {
    const identity = join(folder, "server.pem");
    writeFileSync(identity, local.cert + local.key);
    const talk = run("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", identity, "-www");
    await until(
      () => /ACCEPT 127\.0\.0\.1:\d+/.test(talk.output),
      () => talk.output,
    );
    const port = Number(/ACCEPT 127\.0\.0\.1:(\d+)/.exec(talk.output)![1]);
    const reactor = createReactor();
    onTestFinished(() => reactor.close({ drainMs: 0 }).then(() => undefined));
    const tls = { ca: authority.cert, servername: "localhost" };
    const channel = reactor.connect({ port }, { tls });
    let page = "";
    reactor.register(channel, WRITABLE, (_, ready, registration) => {
      if ((ready & WRITABLE) !== 0) channel.write(Buffer.from("GET / HTTP/1.0\r\n\r\n"));
      registration.modify(READABLE);
      page += channel.read()?.toString() ?? "";
    });
    await until(
      () => channel.ended || channel.error !== null,
      () => page,
    );
    expect([channel.error, channel.endConfirmed]).toEqual([null, true]);
    expect(page).toMatch(/^HTTP\/1\.0 200/i);
  });
});

describe.skipIf(isMissing("curl", "--version"))("real peer: curl", () => {
  it("sends mail to a server of serve(), by STARTTLS and not otherwise", async () => {
    const { port, commands } = await commandServer();
    const mail = ["--mail-from", "a@localhost", "--mail-rcpt", "b@localhost", "-T", ca];
    const talk = run(
      "curl",
      "-sS",
      "--cacert",
      ca,
      "--ssl-reqd",
      ...mail,
      `smtp://localhost:${port}`,
    );
    expect([await talk.ended, talk.output]).toEqual([0, ""]);
    const plain = commands.filter(({ secure }) => !secure).map(({ command }) => command);
    expect(plain.map((command) => command.split(" ")[0])).toEqual(["EHLO", "STARTTLS"]);
    expect(commands.some(({ command }) => command === "-----BEGIN CERTIFICATE-----")).toBe(true);
  });

  const page = "x".repeat(1_000_000);

  function answer(channel: Channel, text: string): void {
    if (!text.includes("\r\n\r\n")) return;
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n`;
    channel.setWaterMarks(2_000_000, 1);
    channel.write(Buffer.from(head + page));
    channel.close();
  }

  it.each(["1.2", "1.3"])("a page over TLS %s, with our certificate verified", async (version) => {
    const { port } = await serverOf({ alpnProtocols: ["http/1.1"] }, answer);
    const how = ["-sS", "--cacert", ca, `--tlsv${version}`, "--tls-max", version];
    const talk = run("curl", ...how, `https://localhost:${port}/`, "--ipv4");
    expect(await talk.ended).toBe(0);
    expect(talk.output).toBe(page);
  });

  it("who does not know our authority does not speak to us", async () => {
    const { port, reports } = await serverOf({}, answer);
    const talk = run("curl", "-sS", "--ipv4", `https://localhost:${port}/`);
    // CURLE_PEER_FAILED_VERIFICATION.
    expect(await talk.ended).toBe(60);
    await until(
      () => reports.length > 0,
      () => talk.output,
    );
    expect(reports[0]).toContain("the peer does not trust who has signed our certificate");
  });

  it("plain HTTP gets no page", async () => {
    const { port, reports } = await serverOf({}, answer);
    const talk = run("curl", "-sS", "--ipv4", `http://localhost:${port}/`);
    expect(await talk.ended).not.toBe(0);
    expect(reports[0]).toContain("the peer speaks plain HTTP; have it use https");
  });
});
