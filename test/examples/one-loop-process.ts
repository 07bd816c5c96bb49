/** The three servers in one loop as a process. */
import { connect } from "node:net";

import { programCommand } from "../support/program-command.ts";
import { LineLog } from "./line-log.ts";
import { run, type Running } from "./programs.ts";

const ONE_LOOP = programCommand("examples/one-loop.ts");

const ANY = ["--http-port", "0", "--chat-port", "0", "--ftp-port", "0"];

export interface OneLoop extends Running {
  /** With a slash at its end. */
  readonly url: string;
  readonly chatPort: number;
  readonly ftpPort: number;
}

/** Starts it without looking whether it comes up. `temporary`: where it makes folders of its own. */
export function runOneLoop(flags: readonly string[], temporary?: string): Running {
  const env = temporary === undefined ? process.env : { ...process.env, TMPDIR: temporary };
  return run(process.execPath, [...ONE_LOOP, ...flags], { env });
}

/** On ports of the system's choice, unless flags say others. Rejects with all that it said. */
export async function openOneLoop(...flags: readonly string[]): Promise<OneLoop> {
  const ports = flags.some((flag) => flag.endsWith("-port")) ? [] : ANY;
  return untilOneLoop(runOneLoop([...ports, ...flags]));
}

async function untilOneLoop(running: Running): Promise<OneLoop> {
  try {
    const page = await running.out.until(/^(Open the page|打开网页)/);
    const chat = await running.out.until(/^(Enter the chat|进入聊天室)/);
    const ftp = await running.out.until(/curl .*ftp:/);
    await running.out.until(/Ctrl\+C/);
    const portIn = (line: string): number => Number(/(\d+)\/?$/.exec(line)![1]);
    const url = /https?:\S+/.exec(page)![0];
    return { ...running, url, chatPort: portIn(chat), ftpPort: portIn(ftp) };
  } catch (error) {
    const said = [...running.out.lines, ...running.err.lines].join("\n");
    throw new Error(`it did not start: ${said}`, { cause: error });
  }
}

/** Somebody in the chat. */
export async function enterChat({ chatPort }: OneLoop, name: string): Promise<LineLog> {
  const socket = connect(chatPort, "127.0.0.1");
  const log = new LineLog(socket);
  socket.write(`${name}\n`);
  await log.until(/^Hello |，您好！/);
  return log;
}
