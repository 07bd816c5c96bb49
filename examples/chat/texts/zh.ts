import type { Texts } from "../texts.ts";

export const CHINESE: Texts = {
  askName: "请问您叫什么名字？",
  nameRefused: (problem, maxLength) =>
    ({
      empty: "名字不能为空。",
      "too-long": `名字最多 ${maxLength} 个字符。`,
      unprintable: "名字不能含有不可见字符。",
      beginning: "名字须以文字、数字或符号开头，不能以标点开头。",
      mark: "名字不能含有冒号或双引号。",
      reserved: "这个名字是保留的，不能使用。",
    })[problem],
  nameTaken: (name) => `名字 ${name} 已被使用。`,
  tooManyTries: "尝试次数过多，再见。",
  full: (maxMembers) => `聊天室已满（${maxMembers} 人），请稍后再来。`,
  tooManyFromThere: (max) => `来自您所在地址的连接过多：最多 ${max} 个。`,

  welcome: (name, others, othersInAll) => {
    if (othersInAll === 0) return `${name}，您好！现在还没有其他人。`;
    return `${name}，您好！在这里的还有：${list(others, othersInAll)}。`;
  },
  joined: (name) => `${name} 进入聊天室`,
  left: (name) => `${name} 退出了聊天室`,
  renamed: (before, after) => `${before} 改名为 ${after}`,
  removed: (name) => `${name} 被管理员移出聊天室`,
  says: (name, message) => `${name} 说：${message}`,
  does: (name, action) => `* ${name} ${action}`,
  admin: (message) => `管理员：${message}`,
  ending: (seconds) =>
    seconds === 0 ? "聊天室即将关闭，再见。" : `聊天室将在 ${seconds} 秒后关闭。`,

  whispered: (from, message) => `[私聊] ${from}：${message}`,
  whisperSent: (to, message) => `[私聊] 发给 ${to}：${message}`,
  youAre: (name) => `您现在叫 ${name}。`,
  who: (names, inAll) => `在线 ${inAll} 人：${list(names, inAll)}。`,
  noHistory: "还没有人发言。",
  goodbye: "再见。",
  timeUp: { handshake: "您没有及时给出名字。再见。", idle: "您太久没有说话。再见。" },
  removedYou: "管理员已将您移出聊天室。再见。",
  mutedYou: (seconds) => `管理员已将您禁言 ${seconds} 秒。`,
  unmutedYou: "您可以发言了。",
  tooFast: (perSecond, muteSeconds) =>
    `这一行没有发出：每秒最多 ${perSecond} 行。继续这样将被禁言 ${muteSeconds} 秒。`,
  mutedForSpeed: (perSecond, muteSeconds) =>
    `您被禁言 ${muteSeconds} 秒：每秒最多 ${perSecond} 行。`,
  dropped: (lines) => `您接收得太慢：此处略去 ${lines} 行。`,

  lineTooLong: (maxBytes) => `这一行被拒绝：超过 ${maxBytes} 字节。`,
  lineNotUtf8: "这一行被拒绝：不是 UTF-8 编码。",
  nobodyCalled: (name) => `这里没有叫 ${name} 的人。`,
  unknownCommand: (command) =>
    `没有 /${command} 这个命令（/help 列出所有命令；以 // 开头可发送斜杠）。`,
  misused: ([written, does]) => `正确写法：${written}（${does}）`,
  memberCommands: {
    who: ["/who", "谁在这里"],
    me: ["/me TEXT", "描述您的动作：* NAME TEXT"],
    msg: ["/msg NAME TEXT", '只对一个人说；名字含空格时加引号：/msg "Ann Lee" 你好'],
    nick: ["/nick NAME", "改名"],
    history: ["/history [N]", "最近的发言，20 行或 N 行"],
    help: ["/help", "显示本说明"],
    quit: ["/quit", "退出聊天室"],
  },
  adminCommands: {
    who: ["/who", "谁在这里、来自何处、谁被禁言"],
    kick: ["/kick NAME", "移出一个成员"],
    mute: ["/mute NAME SECONDS", "禁言若干秒；0 秒表示解除"],
    stats: ["/stats", "聊天室、服务器和反应器的计数"],
    explain: ["/explain NAME", "此刻为何没有读写某个成员的连接"],
    shutdown: ["/shutdown [SECONDS]", "关闭聊天室，立即或若干秒后"],
    help: ["/help", "显示本说明"],
  },
  memberHelp: "其他内容会发给所有人。以 // 开头可发送以斜杠开头的内容。",
  adminHelp: "其他内容会以管理员身份发给所有人。以 // 开头可发送以斜杠开头的内容。",

  person: (name, where, mutedSeconds) =>
    `${name}，${where}${mutedSeconds > 0 ? `，禁言还剩 ${mutedSeconds} 秒` : ""}`,
  nameless: (count) => `还没有名字的：${count} 人。`,
  nobodyHere: "没有人在这里。",
  muted: (name, seconds) => `${name} 被禁言 ${seconds} 秒。`,
  unmuted: (name) => `${name} 可以发言了。`,
  shutdown: (seconds) =>
    seconds === 0 ? "聊天室即将关闭。" : `聊天室将在 ${seconds} 秒后关闭，已通知所有人。`,
  counts: (counts) =>
    `在线 ${counts.members} 人，尚无名字 ${counts.nameless} 人；累计进入 ${counts.joins} 次，` +
    `发言 ${counts.messages} 行，禁言 ${counts.mutes} 次；` +
    `历史记录 ${counts.historyLines} 行，${counts.historyBytes} 字节。`,

  open: (address) => `聊天室已开放：${address}`,
  enterWith: (command) => `进入方法：  ${command}`,
  howToEnd: "按 Ctrl+C 关闭聊天室",
  endingIn: (seconds) => `聊天室正在关闭：成员有 ${seconds} 秒接收最后的内容。`,
  cutOff: (peer, bytes) => `${peer} 没有收完最后的 ${bytes} 字节。`,
  disconnected: (name, where, why) => `${name ?? "某人"}（${where}）被断开：${why}。`,
  disconnections: {
    handshake: "没有及时给出名字",
    idle: "太久没有收发任何内容",
    "write-stalled": "不接收任何内容",
    overflow: "没有读取聊天内容",
    budget: "占用内存最多，而内存已达上限",
    error: "连接中断",
    "handler-error": "聊天室内部错误",
  },
  leftOut: (lines) => `（另有 ${lines} 行未显示。）`,
};

function list(names: readonly string[], inAll: number): string {
  const more = inAll - names.length;
  return `${names.join("、")}${more > 0 ? ` 等，另有 ${more} 人` : ""}`;
}
