import type { Texts } from "../en.ts";

export const CHAT: Texts["chat"] = {
  title: "聊天",
  intro: "这里与用 nc、telnet 或聊天室客户端进入的是同一个聊天室，所有人看到的内容和顺序都相同。",
  name: "你的名字",
  join: "进入",
  leave: "离开",
  say: "发送",
  sayWhat: "对所有人说的一行话，或命令：/help 列出命令",
  lines: "聊天内容",
  you: "你",
  newLines: (count: number) => `${count} 行新内容`,
  gap: (count: number) => `这里缺少 ${count} 行。`,
  states: {
    live: "你在聊天室中",
    joining: "正在进入",
    lost: "连接已断开，正在重试；期间的内容不会丢失",
  },
  elsewhere: "聊天已在另一个窗口中继续。",
  ended: "你已不在聊天室中。",
  tooFast: "发得太快，这一行没有发出。请稍后再试。",
  tooLong: "这一行太长。",
  notSaid: "这一行没有发出：服务器没有响应，请重试。",
  unreachable: "服务器没有响应，请重试。",
};
