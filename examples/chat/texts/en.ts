import type { Texts } from "../texts.ts";

export const ENGLISH: Texts = {
  askName: "What is your name?",
  nameRefused: (problem, maxLength) =>
    ({
      empty: "A name cannot be empty.",
      "too-long": `A name has at most ${maxLength} characters.`,
      unprintable: "A name cannot have invisible characters.",
      beginning: "A name begins with a letter, a digit or a symbol.",
      mark: "A name cannot have a colon or double quotes.",
      reserved: "That name is reserved.",
    })[problem],
  nameTaken: (name) => `The name ${name} is taken.`,
  tooManyTries: "Those were too many tries. Goodbye.",
  full: (maxMembers) => `The chat is full: ${maxMembers} are here. Please come later.`,
  tooManyFromThere: (max) => `Too many are here from your address: at most ${max}.`,

  welcome: (name, others, othersInAll) => {
    if (othersInAll === 0) return `Hello ${name}. Nobody else is here yet.`;
    return `Hello ${name}. Also here: ${list(others, othersInAll)}.`;
  },
  joined: (name) => `${name} joined the chat`,
  left: (name) => `${name} left the chat`,
  renamed: (before, after) => `${before} is now called ${after}`,
  removed: (name) => `${name} was removed by the administrator`,
  says: (name, message) => `${name} says: ${message}`,
  does: (name, action) => `* ${name} ${action}`,
  admin: (message) => `admin: ${message}`,
  ending: (seconds) =>
    seconds === 0 ? "The chat is ending. Goodbye." : `The chat ends in ${seconds} s.`,

  whispered: (from, message) => `[private] ${from}: ${message}`,
  whisperSent: (to, message) => `[private] to ${to}: ${message}`,
  youAre: (name) => `You are now called ${name}.`,
  who: (names, inAll) => `Here are ${inAll}: ${list(names, inAll)}.`,
  noHistory: "Nothing was said yet.",
  goodbye: "Goodbye.",
  timeUp: {
    handshake: "You gave no name in time. Goodbye.",
    idle: "You were silent for too long. Goodbye.",
  },
  removedYou: "The administrator removed you from the chat. Goodbye.",
  mutedYou: (seconds) => `The administrator muted you for ${seconds} s.`,
  unmutedYou: "You may speak again.",
  tooFast: (perSecond, muteSeconds) =>
    `That line was dropped: at most ${perSecond} lines a second. ` +
    `If you go on, you are muted for ${muteSeconds} s.`,
  mutedForSpeed: (perSecond, muteSeconds) =>
    `You are muted for ${muteSeconds} s: at most ${perSecond} lines a second.`,
  dropped: (lines) => `You read too slowly: ${lines} lines were left out here.`,

  lineTooLong: (maxBytes) => `That line was refused: it is longer than ${maxBytes} bytes.`,
  lineNotUtf8: "That line was refused: it is not UTF-8.",
  nobodyCalled: (name) => `Nobody here is called ${name}.`,
  unknownCommand: (command) =>
    `There is no command /${command} (/help lists them; // says a line that begins with a slash).`,
  misused: ([written, does]) => `Write it so: ${written} (${does})`,
  memberCommands: {
    who: ["/who", "who is here"],
    me: ["/me TEXT", "tells what you do: * NAME TEXT"],
    msg: ["/msg NAME TEXT", 'tells one member only; a name with spaces so: /msg "Ann Lee" hello'],
    nick: ["/nick NAME", "gives you another name"],
    history: ["/history [N]", "what was said last, 20 lines or N"],
    help: ["/help", "this list"],
    quit: ["/quit", "leaves the chat"],
  },
  adminCommands: {
    who: ["/who", "who is here, from where, and who is muted"],
    kick: ["/kick NAME", "disconnects a member"],
    mute: ["/mute NAME SECONDS", "lets a member read, but not speak; 0 seconds: again"],
    stats: ["/stats", "the counters of the room, the server and the reactor"],
    explain: ["/explain NAME", "why a member is not being read or written right now"],
    shutdown: ["/shutdown [SECONDS]", "ends the chat, now or in so many seconds"],
    help: ["/help", "this list"],
  },
  memberHelp: "Everything else is said to all. // says a line that begins with a slash.",
  adminHelp: "Everything else is said to all as admin. // says a line that begins with a slash.",

  person: (name, where, mutedSeconds) =>
    `${name}, ${where}${mutedSeconds > 0 ? `, muted for ${mutedSeconds} s` : ""}`,
  nameless: (count) => `Without a name yet: ${count}.`,
  nobodyHere: "Nobody is here.",
  muted: (name, seconds) => `${name} is muted for ${seconds} s.`,
  unmuted: (name) => `${name} may speak again.`,
  shutdown: (seconds) =>
    seconds === 0 ? "The chat is ending." : `The chat ends in ${seconds} s, and everybody knows.`,
  counts: (counts) =>
    `${counts.members} here, ${counts.nameless} without a name yet; so far ${counts.joins} joined, ` +
    `${counts.messages} lines said, ${counts.mutes} mutes; ` +
    `history: ${counts.historyLines} lines, ${counts.historyBytes} bytes.`,

  open: (address) => `The chat room is open at ${address}`,
  enterWith: (command) => `Enter it with:  ${command}`,
  howToEnd: "End it with Ctrl+C",
  endingIn: (seconds) => `The chat is ending: members have ${seconds} s to take their last lines.`,
  cutOff: (peer, bytes) => `${peer} did not take its last ${bytes} bytes.`,
  disconnected: (name, where, why) => `${name ?? "Somebody"} (${where}) was disconnected: ${why}.`,
  disconnections: {
    handshake: "gave no name in time",
    idle: "nothing came from it or went to it for too long",
    "write-stalled": "takes no output",
    overflow: "does not read what is said",
    budget: "holds the most memory, and there is no more",
    error: "the connection broke",
    "handler-error": "a mistake in the chat room",
  },
  leftOut: (lines) => `(${lines} more lines were left out.)`,
};

function list(names: readonly string[], inAll: number): string {
  const more = inAll - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
