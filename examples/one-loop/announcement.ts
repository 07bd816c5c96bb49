/** What the operator is told at the start and at the end: how to come in, with commands to copy. */
import { formatAddress, type SocketAddress } from "iomux";

import type { Locale } from "../chat/texts.ts";
import type { Port } from "./flags.ts";

interface Opened {
  readonly http: SocketAddress;
  readonly chat: SocketAddress;
  readonly ftp: SocketAddress;
}

export interface Announced {
  readonly opened: Opened;
  /** What was to be had. */
  readonly ports: Readonly<Record<keyof Opened, Port>>;
  readonly root: string;
  readonly users: boolean;
  /** Those without an account may upload. */
  readonly uploads: boolean;
  readonly tls: boolean;
  /** Nobody has signed for the certificate. */
  readonly selfSigned: boolean;
}

interface Texts {
  readonly page: string;
  readonly chat: string;
  readonly ftp: string;
  readonly curl: string;
  readonly moved: (what: keyof Opened, wanted: number, got: number) => string;
  readonly serving: (root: string, users: boolean, uploads: boolean) => string;
  readonly selfSigned: string;
  readonly howToEnd: string;
  readonly ending: (seconds: number) => string;
}

const SERVERS = { http: "page", chat: "chat", ftp: "files" } as const;
const SERVERS_ZH = { http: "网页", chat: "聊天室", ftp: "文件" } as const;

const ENGLISH: Texts = {
  page: "Open the page:   ",
  chat: "Enter the chat:  ",
  ftp: "Get files:       ",
  curl: "             or  ",
  moved: (what, wanted, got) =>
    `Port ${wanted} is taken: the ${SERVERS[what]} ${what === "ftp" ? "are" : "is"} at ${got}.`,
  serving: (root, users, uploads) => {
    const who = users ? "users only" : "anybody on this machine";
    return `Files are in ${root}: ${who}${uploads ? ", who may put new ones" : ""}.`;
  },
  selfSigned:
    "TLS has a self-signed certificate, which browsers warn of: give --cert and --key for another.",
  howToEnd: "End all of it with Ctrl+C",
  ending: (seconds) => `Ending: transfers and requests that run have ${seconds} s to finish.`,
};

const CHINESE: Texts = {
  page: "打开网页：    ",
  chat: "进入聊天室：  ",
  ftp: "获取文件：    ",
  curl: "        或：  ",
  moved: (what, wanted, got) => `端口 ${wanted} 已被占用：${SERVERS_ZH[what]}改用 ${got}。`,
  serving: (root, users, uploads) => {
    const who = users ? "仅限有账号的用户" : "本机任何人可取";
    return `文件位于 ${root}：${who}${uploads ? "，并可上传新文件" : ""}。`;
  },
  selfSigned: "TLS 使用自签名证书，浏览器会发出警告：可用 --cert 和 --key 指定其他证书。",
  howToEnd: "按 Ctrl+C 全部结束",
  ending: (seconds) => `正在结束：进行中的传输和请求有 ${seconds} 秒时间完成。`,
};

const TEXTS: Readonly<Record<Locale, Texts>> = { en: ENGLISH, zh: CHINESE };

/** The page's address is first. */
export function announcement(announced: Announced, locale: Locale): readonly string[] {
  const { opened, ports, root, users, uploads, tls, selfSigned } = announced;
  const texts = TEXTS[locale];
  const url = `http${tls ? "s" : ""}://${inUrl(opened.http)}/`;
  const ftp = inUrl(opened.ftp);
  const user = users ? "-u NAME " : "";
  const moved = (Object.keys(SERVERS) as (keyof Opened)[]).flatMap((what) => {
    const { port, asked } = ports[what];
    const got = portOf(opened[what]);
    return asked || port === got ? [] : [texts.moved(what, port, got)];
  });
  return [
    `${texts.page}${url}`,
    `${texts.chat}nc ${hostOf(opened.chat)} ${portOf(opened.chat)}`,
    `${texts.ftp}${lftpCommand(ftp, users)}`,
    `${texts.curl}curl ${user}${tls ? "--ssl-reqd -k " : ""}ftp://${ftp}/`,
    ...moved,
    texts.serving(root, users, uploads),
    ...(selfSigned ? [texts.selfSigned] : []),
    texts.howToEnd,
  ];
}

/**
 * Who logs in by lftp does so by TLS where it is offered, and no certificate is for an address. That
 * must be known before it goes to the folder, which `-e` comes behind: so `-e` opens it, too.
 */
function lftpCommand(ftp: string, users: boolean): string {
  if (!users) return `lftp ftp://${ftp}/`;
  return `lftp -e 'set ssl:verify-certificate no; open -u NAME ftp://${ftp}/'`;
}

export function endingLine(locale: Locale, drainSeconds: number): string {
  return TEXTS[locale].ending(drainSeconds);
}

/** Who listens everywhere is found here. */
function hostOf(address: SocketAddress): string {
  if (!("host" in address)) return "";
  if (address.host === "0.0.0.0") return "127.0.0.1";
  return address.host === "::" ? "::1" : address.host;
}

function portOf(address: SocketAddress): number {
  return "port" in address ? address.port : 0;
}

function inUrl(address: SocketAddress): string {
  if (!("host" in address)) return "";
  return formatAddress({ ...address, host: hostOf(address) });
}
