import { formatCount } from "../../format/numbers.ts";
import type { Texts } from "../en.ts";

export const LOOP: Texts["loop"] = {
  title: "循环",
  waits: (waiting: number) => `一个线程在等待 *${formatCount(waiting)}* 个描述符。`,
  sentence: (waiting: number, ready: number, called: number) => {
    const wait = `一个线程在等待 *${formatCount(waiting)}* 个描述符。`;
    const were = `这一轮有 *${formatCount(ready)}* 个就绪，`;
    if (ready === 0) return `${wait}这一轮*没有*就绪的描述符：只处理了定时器和输出。`;
    if (called < ready) return `${wait}${were}其中 *${formatCount(called)}* 个依次得到了调用。`;
    return `${wait}${were}每个的处理函数各运行一次。`;
  },
  whoWaits: "谁在等待，谁已就绪",
  whoIsCalled: "依次调用了谁",
  groupCount: (count: number, ready: number) =>
    ready === 0 ? formatCount(count) : `${formatCount(count)}，就绪 ${formatCount(ready)}`,
  noTurn: "还没有调用过谁：线程会一直休眠，直到有描述符就绪。",
  turnNumber: (turn: string) => `第 ${turn} 轮，这一秒里最忙的一轮`,
  calls: (count: number) => `这一轮的调用：${formatCount(count)} 次`,
  more: (count: number) => `另有 ${formatCount(count)} 次调用未列出`,
  ran: "运行",
  rest: "定时器、输出和循环本身",
  restAndMore: "其余调用、定时器、输出和循环本身",
  earlier: "上一轮",
  later: "下一轮",
  explained: {
    question: "我看到的是什么？",
    answer:
      "这台服务器不为每个连接开一个线程。一个线程向系统询问哪些描述符已经就绪，逐个调用它们的处理函数，然后再次询问。没有事可做的描述符不会被调用，所以谁也不必等待一个慢的对端。",
    words: [
      ["描述符", "一个连接、一个监听器，或其他可以等待的东西。它有一个编号，即 fd。"],
      ["就绪", "有数据可读、有空间可写，或者已经结束。"],
      ["处理函数", "就绪时被调用的函数。它做完眼下能做的事就返回。"],
      ["一轮", "循环走一圈：询问，再调用就绪者。一个处理函数运行太久，其他的都要等。"],
    ],
  },
  figures: {
    open: "已打开",
    registered: "已注册",
    timers: "定时器",
    bytesIn: "流入",
    bytesOut: "流出",
    buffered: "缓冲",
    slow: "慢处理函数",
    spinning: "空转",
    refused: "已拒绝",
    shed: "已舍弃",
  },
  plots: {
    label: "最近五分钟",
    titles: {
      turns: "每秒轮数",
      dispatches: "每轮调用数",
      turnLength: "每轮时长",
      loopDelay: "循环延迟",
    },
    longest: (value: string) => `最长 ${value}`,
    highest: (value: string) => `最高 ${value}`,
    described: (title: string, now: string, highest: string) =>
      `最近五分钟的${title}：当前 ${now}，最高 ${highest}`,
    ago: (seconds: number) => (seconds < 60 ? `−${seconds} 秒` : `−${seconds / 60} 分`),
    now: "现在",
  },
  incidents: {
    title: "事件",
    none: "暂无。慢的和空转的处理函数、被拒绝的和被舍弃的连接会显示在这里。",
    kinds: {
      slow: "慢",
      spinning: "空转",
      refused: "拒绝",
      overflow: "溢出",
      shed: "舍弃",
      dropped: "丢弃",
    },
  },
  fd: (fd: number) => `fd ${fd}`,
};
