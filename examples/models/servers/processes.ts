/**
 * A process for each client: this one accepts, and gives the connection away. It never reads from
 * it, so no byte that the new process should see is lost.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";

import { endWithParent, tellParent } from "../child.ts";
import { Starts } from "./starts.ts";

const [, , folder, mostProcesses] = process.argv;
const file = join(import.meta.dirname, "connection-process.mjs");
const starts = new Starts();
const children = new Set<ChildProcess>();
/** Clients that are accepted, for whom no process is free. */
const waiting: Socket[] = [];
let running = 0;
let ending = false;

async function startProcess(): Promise<ChildProcess> {
  const child = fork(file, [folder!], {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  children.add(child);
  // Node waits for its children as they end, so that none stays a zombie.
  child.once("exit", () => children.delete(child));
  await Promise.race([once(child, "message"), once(child, "exit")]);
  return child;
}

async function serveClient(socket: Socket): Promise<void> {
  const child = await starts.run(async () => (ending ? null : startProcess()));
  if (child === null || !children.has(child)) {
    socket.destroy();
    return;
  }
  const gone = once(child, "exit");
  child.send("serve", socket, (error) => {
    if (error !== null) child.kill("SIGKILL");
  });
  await gone;
}

function serveNext(): void {
  const socket = running < Number(mostProcesses) ? waiting.shift() : undefined;
  if (socket === undefined || ending) return;
  running++;
  void serveClient(socket).finally(() => {
    running--;
    serveNext();
  });
}

const server = createServer({ pauseOnConnect: true }, (socket) => {
  socket.on("error", () => undefined);
  waiting.push(socket);
  serveNext();
});
await once(server.listen(0, "127.0.0.1"), "listening");

endWithParent(async () => {
  ending = true;
  const gone = [...children].map((child) => once(child, "exit"));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(gone);
});
tellParent({ addresses: [{ port: (server.address() as AddressInfo).port }] });
