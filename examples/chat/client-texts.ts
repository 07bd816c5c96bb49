/** Everything that the client says of itself, in one table per language. */

export type Locale = "en" | "zh";

/** What broke: `code` as in `ECONNRESET`, `message` in one English line. */
export interface Cause {
  readonly code: string;
  readonly message: string;
}

export interface ClientTexts {
  connected(where: string): string;
  cannotConnect(where: string, cause: Cause): string;
  /** `code` is null if the connection ended without a word. */
  lost(code: string | null): string;
  again(why: string, delayMs: number, attempt: number, attempts: number): string;
  gaveUp(why: string, attempts: number): string;
  readonly closedByServer: string;
  nameRefused(name: string, why: string): string;
  unsent(lines: number): string;
  readonly noAnswer: string;
  readonly queueFull: string;
  lineTooLong(maxBytes: number): string;
}

/** With at most one decimal: 0.1, 2, 27.5. */
function seconds(ms: number): number {
  return Math.max(0.1, Math.round(ms / 100) / 10);
}

const ENGLISH: ClientTexts = {
  connected: (where) => `connected to ${where}`,
  cannotConnect: (where, { code, message }) =>
    message.startsWith("cannot connect") ? message : `cannot connect to ${where} (${code})`,
  lost: (code) => `connection lost (${code ?? "it ended without a goodbye"})`,
  again: (why, delayMs, attempt, attempts) =>
    `${why}, trying again in ${seconds(delayMs)} s (attempt ${attempt} of ${attempts})`,
  gaveUp: (why, attempts) =>
    attempts === 0 ? why : `${why}; gave up after ${attempts} ${plural("attempt", attempts)}`,
  closedByServer: "the server has closed the chat",
  nameRefused: (name, why) => `the name "${name}" was refused${why === "" ? "" : `: ${why}`}`,
  unsent: (lines) => `${lines} ${plural("line", lines)} ${lines === 1 ? "was" : "were"} not sent`,
  noAnswer: "the server does not answer any more",
  queueFull: "not sent: the server does not read; try again later",
  lineTooLong: (maxBytes) => `not sent: the line is longer than ${maxBytes} bytes`,
};

const CHINESE: ClientTexts = {
  connected: (where) => `已连接到 ${where}`,
  cannotConnect: (where, { code }) => `无法连接到 ${where}（${code}）`,
  lost: (code) => `连接已断开（${code ?? "对方没有道别"}）`,
  again: (why, delayMs, attempt, attempts) =>
    `${why}，${seconds(delayMs)} 秒后重试（第 ${attempt} 次，最多 ${attempts} 次）`,
  gaveUp: (why, attempts) => (attempts === 0 ? why : `${why}；已重试 ${attempts} 次，不再重试`),
  closedByServer: "服务器已关闭聊天室",
  nameRefused: (name, why) => `名字“${name}”被拒绝${why === "" ? "" : `：${why}`}`,
  unsent: (lines) => `有 ${lines} 行没有发出`,
  noAnswer: "服务器不再应答",
  queueFull: "没有发出：服务器暂时不接收，请稍后再试",
  lineTooLong: (maxBytes) => `没有发出：这一行超过 ${maxBytes} 字节`,
};

export const CLIENT_TEXTS: Readonly<Record<Locale, ClientTexts>> = { en: ENGLISH, zh: CHINESE };

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
