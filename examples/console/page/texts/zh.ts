/** What the page says in Chinese. */
import type { Texts } from "./en.ts";
import { CHAT } from "./zh/chat.ts";
import { DESCRIPTORS } from "./zh/descriptors.ts";
import { FILES } from "./zh/files.ts";
import { LOOP } from "./zh/loop.ts";

export const CHINESE: Texts = {
  shell: {
    skip: "跳到正文",
    views: "视图",
    language: "语言",
    theme: "主题",
    themes: { system: "自动", light: "浅色", dark: "深色" },
    connection: {
      live: "实时",
      connecting: "连接中",
      resting: "休息：页面在后台",
      retrying: (seconds: number) => `连接断开，${seconds} 秒后重试`,
      lost: "与服务器的连接已断开，当前显示的是之前的内容。",
    },
    pause: "暂停",
    goOn: "继续",
    loggedInAs: (name: string) => `已登录：${name}`,
    logOut: "退出登录",
  },
  login: {
    title: "登录",
    name: "用户名",
    password: "密码",
    submit: "登录",
    wrong: "用户名或密码错误。",
    unreachable: "服务器没有响应，请重试。",
  },
  units: { day: "天", hour: "时", minute: "分", second: "秒" },
  loop: LOOP,
  descriptors: DESCRIPTORS,
  chat: CHAT,
  files: FILES,
};
