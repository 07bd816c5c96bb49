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
      mixed: "名字中的一个词只能用一种字母。",
    })[problem],
  nameTaken: (name) => `名字 ${name} 已被使用。`,
  tooManyTries: "尝试次数过多，再见。",
  full: (maxMembers) => `聊天室已满（${maxMembers} 人），请稍后再来。`,
  tooManyAtOnce: "同时进入的人过多，请稍后再来。",
  tooManyGuests: (max) => `通过网页进入的人太多：最多 ${max} 人。`,
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
  stillMuted: (seconds) => `您还将被禁言 ${seconds} 秒：此前有同名或来自同一地址的人被禁言。`,
  mutedLine: (seconds) => `您还将被禁言 ${seconds} 秒：这一行没有发出。`,
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
    stats: ["/stats", "聊天室及其程序至今的统计"],
    explain: ["/explain NAME", "某个成员的发言是否正被读取，以及是否在接收他人的发言"],
    shutdown: ["/shutdown [SECONDS]", "关闭聊天室，立即或若干秒后"],
    help: ["/help", "显示本说明"],
  },
  memberHelp: "其他内容会发给所有人。以 // 开头可发送以斜杠开头的内容。",
  adminHelp: "其他内容会以管理员身份发给所有人。以 // 开头可发送以斜杠开头的内容。",

  person: (name, where, mutedSeconds) =>
    `${name}，${where}${mutedSeconds > 0 ? `，禁言还剩 ${mutedSeconds} 秒` : ""}`,
  inPage: (where) => `${where}（网页）`,
  nameless: (count) => `还没有名字的：${count} 人。`,
  nobodyHere: "没有人在这里。",
  muted: (name, seconds) => `${name} 被禁言 ${seconds} 秒。`,
  unmuted: (name) => `${name} 可以发言了。`,
  shutdown: (seconds) => `聊天室将在 ${seconds} 秒后关闭，已通知所有人。`,
  counts: (counts) =>
    `在线 ${counts.members} 人，尚无名字 ${counts.nameless} 人；累计进入 ${counts.joins} 次，` +
    `发言 ${counts.messages} 行，禁言 ${counts.mutes} 次；` +
    `历史记录 ${counts.historyLines} 行，${counts.historyBytes} 字节。`,
  connections: ({ connections, backlog, droppedFrames }) =>
    `连接：现有 ${connections} 个；有 ${backlog} 字节在等待接收较慢的人，已为他们略去 ${droppedFrames} 行。`,
  goneSoFar: (causes) => `至今离开：${causes.join("，")}。`,
  turnedAwaySoFar: (causes) => `至今谢绝：${causes.join("，")}。`,
  loop: (counts) =>
    `程序：循环 ${counts.turns} 轮，调用 ${counts.dispatches} 次；` +
    `收到 ${counts.bytesIn} 字节，发出 ${counts.bytesOut} 字节，` +
    `现存 ${counts.bufferedBytes} 字节（--memory-bytes）；` +
    `有 ${counts.slowHandlers} 次所有人都在等一件事，内部错误 ${counts.handlerErrors} 次；` +
    `因打开的文件已达上限而拒绝的连接 ${counts.refused} 个（ulimit -n）。`,
  explained: (name, where, input, backlog) => {
    const lines = {
      open: "其发言随到随读",
      waiting: "其后续发言须等待：发得太快，或他人还没有读完此前的发言",
      over: "不会再有发言",
    }[input];
    return `${name}，${where}：${lines}；${
      backlog === 0
        ? "发给此人的内容都已发出"
        : `接收较慢，有 ${backlog} 字节在等待（--backlog-bytes）`
    }。`;
  },

  open: (address) => `聊天室已开放：${address}`,
  enterWith: (command) => `进入方法：  ${command}`,
  howToEnd: "按 Ctrl+C 关闭聊天室",
  inputEnded: "Ctrl+D：此处不再接收输入，聊天室继续开放。按 Ctrl+C 关闭聊天室",
  endingIn: (seconds) => `聊天室正在关闭：成员有 ${seconds} 秒接收最后的内容。`,
  cutOff: (peer, bytes) => `${peer} 没有收完最后的 ${bytes} 字节。`,
  disconnected: (name, where, why) => `${name ?? "某人"}（${where}）被断开：${why}。`,
  disconnections: {
    handshake: "没有及时给出名字（--join-seconds）",
    idle: "太久没有收发任何内容（--idle-seconds）",
    "write-stalled": "不接收任何内容（--stall-seconds）",
    overflow: "没有读取聊天内容（--backlog-bytes）",
    budget: "占用内存最多，而内存已达上限（--memory-bytes）",
    error: "连接中断",
    "handler-error": "聊天室内部错误",
  },
  departures: { end: "自行离开", local: "道别后离开", reset: "突然断开" },
  turnedAway: (where, why) => `${where} 被谢绝：${why}。`,
  refusals: {
    "max-connections": "聊天室已满（--max-members）",
    "max-connections-per-address": "来自该地址的连接过多（--max-per-address）",
    "accepts-per-second": "同时进入的人过多（--joins-per-second）",
  },
  leftOut: (lines) => `（另有 ${lines} 行未显示。）`,
};

function list(names: readonly string[], inAll: number): string {
  const more = inAll - names.length;
  return `${names.join("、")}${more > 0 ? ` 等，另有 ${more} 人` : ""}`;
}
