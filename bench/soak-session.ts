/** A session with a file server, in plain or under TLS, as far as the soak needs one. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as secure } from "node:tls";

/** Milliseconds for a reply: then the server has forgotten it. */
const PATIENCE_MS = 60_000;

/** The connection was lost, by whomever. */
export class Lost extends Error {}

/** No reply came, although the connection stands. */
export class Forgotten extends Error {}

export class Session {
  readonly #isSecure: boolean;
  #control: Socket;
  #text = "";
  #isLost = false;
  #heard: (() => void) | null = null;

  private constructor(port: number, isSecure: boolean) {
    this.#isSecure = isSecure;
    this.#control = connect({ port, host: "127.0.0.1" });
    this.#listen();
  }

  static async open(port: number, isSecure: boolean): Promise<Session> {
    const session = new Session(port, isSecure);
    await session.reply();
    if (isSecure) await session.#secure();
    await session.ask("USER soak");
    const welcome = await session.ask("PASS soak");
    if (!welcome.startsWith("230")) throw new Lost(welcome);
    await session.ask("TYPE I");
    return session;
  }

  async #secure(): Promise<void> {
    await this.ask("AUTH TLS");
    this.#control.removeAllListeners("data");
    this.#control = secure({ socket: this.#control, rejectUnauthorized: false });
    this.#listen();
    await this.ask("PBSZ 0");
    await this.ask("PROT P");
  }

  #listen(): void {
    this.#control.setEncoding("latin1");
    this.#control.on("data", (text: string) => {
      this.#text += text;
      this.#heard?.();
    });
    this.#control.on("error", () => undefined);
    this.#control.on("close", () => {
      this.#isLost = true;
      this.#heard?.();
    });
  }

  ask(command: string): Promise<string> {
    this.#control.write(`${command}\r\n`);
    return this.reply();
  }

  /** The last line of the next reply. Throws `Lost` or `Forgotten`. */
  async reply(): Promise<string> {
    for (;;) {
      const last = /^\d{3} .*\r\n/m.exec(this.#text);
      if (last !== null) {
        this.#text = this.#text.slice(last.index + last[0].length);
        return last[0].trimEnd();
      }
      if (this.#isLost) throw new Lost("the control connection is lost");
      await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = setTimeout(() => {
        reject(new Forgotten(`no reply in ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      this.#heard = () => {
        clearTimeout(giveUp);
        this.#heard = null;
        resolve();
      };
    });
  }

  /** A data connection, for the command that is said next. */
  async connectData(): Promise<Socket> {
    const [, port] = /\|(\d+)\|/.exec(await this.ask("EPSV")) ?? [];
    if (port === undefined) throw new Lost("no data connection");
    const data = connect({ port: Number(port), host: "127.0.0.1" });
    data.on("error", () => undefined);
    await Promise.race([once(data, "connect"), once(data, "close")]);
    if (data.destroyed) throw new Lost("no data connection");
    return data;
  }

  /** Under TLS once the server has said 150. */
  protect(data: Socket): Socket {
    if (!this.#isSecure) return data;
    const secured = secure({ socket: data, rejectUnauthorized: false });
    secured.on("error", () => undefined);
    return secured;
  }

  /** Cuts the control connection off. */
  reset(): void {
    this.#control.destroy();
  }

  async quit(): Promise<void> {
    await this.ask("QUIT");
    this.#control.end();
  }
}
