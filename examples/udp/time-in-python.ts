/** A whole client in one line: says hello, asks for the time with the ticket, and prints it. */
import { HEADER, KINDS, MAGIC, MAX_DATAGRAM_BYTES, TIME, VERSION, WELCOME } from "./wire.ts";

/** A command for a shell. */
export function timeInPython({ host, port }: { host: string; port: number }): string {
  const family = host.includes(":") ? "AF_INET6" : "AF_INET";
  const begin = (kind: number): string => `s.pack(h,b'${MAGIC.toString()}',${VERSION},${kind},c`;
  const receive = `u.recv(${MAX_DATAGRAM_BYTES})`;
  const statements = [
    "import os,socket,struct as s",
    "c=int.from_bytes(os.urandom(8),'big')",
    `u=socket.socket(socket.${family},socket.SOCK_DGRAM)`,
    "u.settimeout(5)",
    `u.connect(('${host}',${port}))`,
    `h='${HEADER.format}'`,
    `u.send(${begin(KINDS.hello)},0,0,b'',0,0,${WELCOME.size})+bytes(${WELCOME.size}))`,
    `t=s.unpack_from(h,${receive})[4:7]`,
    `u.send(${begin(KINDS.time)},*t,1,0,0))`,
    `print(s.unpack_from('${TIME.format}',${receive},${HEADER.size})[0])`,
  ];
  return `python3 -c "${statements.join("; ")}"`;
}
