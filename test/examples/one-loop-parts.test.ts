/** Parts of the three servers in one loop: flags, ports, and what the operator is told. */
import net from "node:net";
import { once } from "node:events";

import { createReactor, IomuxError, type SocketAddress } from "iomux";
import { describe, expect, it, onTestFinished } from "vitest";

import { announcement, type Announced } from "../../examples/one-loop/announcement.ts";
import {
  chatSettings,
  fileSettings,
  HELP,
  LIMITS,
  readSettings,
} from "../../examples/one-loop/flags.ts";
import { MAX_PORT_TRIES, openAtPort } from "../../examples/one-loop/ports.ts";
import { flagOf } from "../../examples/program/flags.ts";

describe("the flags", () => {
  it.each([
    [["--http-port", "x"], '--http-port is "x": give a whole number from 0 to 65535'],
    [["--chat-port", "65536"], '--chat-port is "65536": give a whole number from 0 to 65535'],
    [["--ftp-port", ""], '--ftp-port is "": give a whole number from 0 to 65535'],
    [
      ["--http-port", "9001", "--ftp-port", "9001"],
      "--http-port and --ftp-port are both 9001: give two ports",
    ],
    [["--locale", "fr"], '--locale is "fr": give one of en, zh'],
    [["--tls", "yes"], '--tls is "yes": give one of on, off'],
    [["--cert", "a"], "--cert is alone: give --cert and --key"],
    [["--allow-host", "a b"], '--allow-host is "a b": give a name, such as box.example'],
    [["--nonsense"], "Unknown option '--nonsense'"],
    [["word"], "Unexpected argument 'word'"],
    [["--memory-bytes", "1"], '--memory-bytes is "1": give a whole number from 65536'],
    [["--host", "0.0.0.0"], "--host 0.0.0.0 can be reached from elsewhere: say who may log in"],
    [
      ["--host", "::", "--tls", "on"],
      "--host :: can be reached from elsewhere: say who may log in",
    ],
    [
      ["--host", "192.0.2.1", "--users", "u"],
      "--host 192.0.2.1 can be reached from elsewhere, where passwords could be read: " +
        "give --tls on or --plain-passwords on",
    ],
    [
      ["--users", "u", "--anonymous-upload", "on"],
      "--anonymous-upload is for those without an account: leave out --users",
    ],
  ])("%j: one line", (args, message) => {
    expect(() => readSettings(args)).toThrow(message);
    expect(() => readSettings(args)).toThrow(/^[^\n]*$/);
  });

  it("are none for the usual: this machine only, and anybody on it", () => {
    expect(readSettings([])).toMatchObject({
      host: "127.0.0.1",
      http: { port: 8080, asked: false },
      chat: { port: 9000, asked: false },
      ftp: { port: 2121, asked: false },
      anonymous: ["read", "create"],
      users: null,
      ftpTls: "offered",
    });
    expect(readSettings(["--help"])).toBe(null);
  });

  it("let nobody in without an account where there are accounts", () => {
    expect(readSettings(["--users", "u"])).toMatchObject({ anonymous: null });
    expect(readSettings(["--root", "r"])).toMatchObject({ anonymous: ["read"] });
    const wider = ["--host", "0.0.0.0", "--users", "u"];
    expect(readSettings([...wider, "--tls", "on"])).toMatchObject({ tls: true, ftpTls: "login" });
    expect(readSettings([...wider, "--plain-passwords", "on"])).toMatchObject({ tls: false });
  });

  it("are handed on to the servers", () => {
    const args = ["--host", "::1", "--locale", "zh", "--transcript", "off"];
    const settings = readSettings([...args, "--memory-bytes", "70000"])!;
    expect(chatSettings(settings, 9001)).toMatchObject({
      listen: [{ host: "::1", port: 9001 }],
      ...{ locale: "zh", transcript: false, maxMembers: 1000 },
    });
    expect(fileSettings(settings, 2122)).toMatchObject({
      listen: { host: "::1", port: 2122 },
      ...{ memoryBytes: 70_000, sessions: 1000 },
    });
  });

  it("are all in the help, which fits into 80 columns", () => {
    const named = ["http-port", "chat-port", "ftp-port", "host", "allow-host", "root", "users"];
    const more = ["anonymous-upload", "plain-passwords", "tls", "cert", "key", "locale"];
    for (const flag of [...named, ...more, "transcript", ...Object.keys(LIMITS).map(flagOf)]) {
      expect(HELP).toContain(`--${flag} `);
    }
    for (const line of HELP.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("a port", () => {
  const taken = new IomuxError("EADDRINUSE", "cannot listen");
  const port = { flag: "chat-port", port: 9000, asked: false, others: [] };

  it("that is taken is the next one that is free", async () => {
    const tried: number[] = [];
    const open = async (at: number): Promise<string> => {
      tried.push(at);
      if (at < 9002) throw taken;
      return "open";
    };
    expect(await openAtPort("127.0.0.1", port, open)).toBe("open");
    expect(tried).toEqual([9000, 9001, 9002]);
  });

  it("that another one must have is not used, though it is free", async () => {
    const { http, chat } = readSettings(["--http-port", "9000", "--ftp-port", "0"])!;
    expect([http.others, chat.others]).toEqual([[], [9000]]);
    const opened = await openAtPort("127.0.0.1", chat, (at) => Promise.resolve(at));
    expect(opened).toBe(9001);
  });

  it("that was asked for is that one, or none", async () => {
    let tried = 0;
    const open = async (): Promise<never> => {
      tried++;
      throw taken;
    };
    await expect(openAtPort("::1", { ...port, asked: true }, open)).rejects.toThrow(
      /^--chat-port 9000: the port is taken: give another one, or 0 for any that is free$/,
    );
    expect(tried).toBe(1);
  });

  it("is looked for MAX_PORT_TRIES times, and not beyond the last one", async () => {
    let tried = 0;
    const open = async (): Promise<never> => {
      tried++;
      throw taken;
    };
    await expect(openAtPort("::1", port, open)).rejects.toThrow(
      "the ports 9000 to 9099 are all taken: give --chat-port",
    );
    expect(tried).toBe(MAX_PORT_TRIES);
    tried = 0;
    await expect(openAtPort("::1", { ...port, port: 65_534 }, open)).rejects.toThrow("to 65535");
    expect(tried).toBe(2);
  });

  it("that cannot be had for another reason is not tried again", async () => {
    const denied = new IomuxError("EACCES", "cannot listen at 127.0.0.1:80: denied (EACCES)");
    const open = (): Promise<never> => Promise.reject(denied);
    await expect(openAtPort("127.0.0.1", { ...port, port: 80 }, open)).rejects.toThrow(
      "--host 127.0.0.1 --chat-port 80: cannot listen at 127.0.0.1:80: denied (EACCES)",
    );
    const bug = new Error("a bug");
    await expect(openAtPort("::1", port, () => Promise.reject(bug))).rejects.toBe(bug);
  });

  it("is taken as the system says", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: used } = server.address() as net.AddressInfo;
    const reactor = createReactor();
    onTestFinished(async () => {
      server.close();
      await reactor.close();
    });
    const listener = await openAtPort("127.0.0.1", { ...port, port: used }, (at) =>
      reactor.listen({ host: "127.0.0.1", port: at }),
    );
    expect((listener.localAddress as { port: number }).port).toBeGreaterThan(used);
  });
});

describe("the announcement", () => {
  const at = (port: number, host = "127.0.0.1"): SocketAddress => ({ family: "IPv4", host, port });
  const usual: Announced = {
    opened: { http: at(8080), chat: at(9000), ftp: at(2121) },
    ports: readSettings([])!,
    ...{ root: "/srv", users: false, uploads: false, tls: false, selfSigned: false },
  };

  it("has the page's address first, and commands to copy", () => {
    expect(announcement(usual, "en")).toEqual([
      "Open the page:   http://127.0.0.1:8080/",
      "Enter the chat:  nc 127.0.0.1 9000",
      "Get files:       lftp ftp://127.0.0.1:2121/",
      "             or  curl ftp://127.0.0.1:2121/",
      "Files are in /srv: anybody on this machine.",
      "End all of it with Ctrl+C",
    ]);
    expect(announcement(usual, "zh")[0]).toBe("打开网页：    http://127.0.0.1:8080/");
    expect(announcement(usual, "zh")).toHaveLength(6);
  });

  it("says which ports were taken", () => {
    const opened = { http: at(8081), chat: at(9000), ftp: at(2123) };
    const lines = announcement({ ...usual, opened }, "en");
    expect(lines[0]).toContain("8081");
    expect(lines.slice(4, 6)).toEqual([
      "Port 8080 is taken: the page is at 8081.",
      "Port 2121 is taken: the files are at 2123.",
    ]);
    const asked = readSettings(["--http-port", "0", "--chat-port", "0", "--ftp-port", "0"])!;
    expect(announcement({ ...usual, opened, ports: asked }, "en")).toHaveLength(6);
  });

  it("leads to this machine who listens everywhere", () => {
    const opened = { http: at(8080, "::"), chat: at(9000, "0.0.0.0"), ftp: at(2121, "::") };
    const secure = { users: true, tls: true, selfSigned: true };
    expect(announcement({ ...usual, opened, ...secure }, "en")).toEqual([
      "Open the page:   https://[::1]:8080/",
      "Enter the chat:  nc 127.0.0.1 9000",
      "Get files:       lftp -e 'set ssl:verify-certificate no; open -u NAME ftp://[::1]:2121/'",
      "             or  curl -u NAME --ssl-reqd -k ftp://[::1]:2121/",
      "Files are in /srv: users only.",
      expect.stringContaining("self-signed"),
      "End all of it with Ctrl+C",
    ]);
  });
});
