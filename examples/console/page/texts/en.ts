/** What the page says in English: a section per view. */
import { CHAT } from "./en/chat.ts";
import { DESCRIPTORS } from "./en/descriptors.ts";
import { FILES } from "./en/files.ts";
import { LOOP } from "./en/loop.ts";

export const ENGLISH = {
  shell: {
    skip: "Skip to content",
    views: "Views",
    language: "Language",
    theme: "Theme",
    themes: { system: "Auto", light: "Light", dark: "Dark" },
    connection: {
      live: "Live",
      connecting: "Connecting",
      resting: "Resting: the page is in the background",
      retrying: (seconds: number) => `No connection. Trying again in ${seconds} s`,
      lost: "The connection to the server was lost. What you see is from before.",
    },
    pause: "Pause",
    goOn: "Go on",
    loggedInAs: (name: string) => `Logged in as ${name}`,
    logOut: "Log out",
  },
  login: {
    title: "Log in",
    name: "Name",
    password: "Password",
    submit: "Log in",
    wrong: "Name or password is wrong.",
    unreachable: "The server does not answer. Try again.",
  },
  units: { day: "d", hour: "h", minute: "m", second: "s" },
  loop: LOOP,
  descriptors: DESCRIPTORS,
  chat: CHAT,
  files: FILES,
};

export type Texts = typeof ENGLISH;
