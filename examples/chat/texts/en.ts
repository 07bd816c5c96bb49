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
      mixed: "A word of a name is in one alphabet.",
    })[problem],
  nameTaken: (name) => `The name ${name} is taken.`,
  tooManyTries: "Those were too many tries. Goodbye.",
  full: (maxMembers) => `The chat is full: ${maxMembers} are here. Please come later.`,
  tooManyAtOnce: "Too many are coming at once. Please come again in a moment.",
  tooManyGuests: (max) => `Too many are here by web page: at most ${max}.`,
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
  stillMuted: (seconds) =>
    `You are muted for ${seconds} s more, as somebody of your name or from your address was.`,
  mutedLine: (seconds) => `You are muted for ${seconds} s more: that line was dropped.`,
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
    stats: ["/stats", "counts what the room and its program have done so far"],
    explain: [
      "/explain NAME",
      "whether a member's lines are read, and whether it takes those of others",
    ],
    shutdown: ["/shutdown [SECONDS]", "ends the chat, now or in so many seconds"],
    help: ["/help", "this list"],
  },
  memberHelp: "Everything else is said to all. // says a line that begins with a slash.",
  adminHelp: "Everything else is said to all as admin. // says a line that begins with a slash.",

  person: (name, where, mutedSeconds) =>
    `${name}, ${where}${mutedSeconds > 0 ? `, muted for ${mutedSeconds} s` : ""}`,
  inPage: (where) => `${where} in the page`,
  nameless: (count) => `Without a name yet: ${count}.`,
  nobodyHere: "Nobody is here.",
  muted: (name, seconds) => `${name} is muted for ${seconds} s.`,
  unmuted: (name) => `${name} may speak again.`,
  shutdown: (seconds) => `The chat ends in ${seconds} s, and everybody knows.`,
  counts: (counts) =>
    `${counts.members} here, ${counts.nameless} without a name yet; so far ${counts.joins} joined, ` +
    `${counts.messages} lines said, ${counts.mutes} mutes; ` +
    `history: ${counts.historyLines} lines, ${counts.historyBytes} bytes.`,
  connections: ({ connections, backlog, droppedFrames }) =>
    `Connections: ${connections} now; ${backlog} bytes wait for those who read slowly, ` +
    `${droppedFrames} lines were left out for them.`,
  goneSoFar: (causes) => `Gone so far: ${causes.join(", ")}.`,
  turnedAwaySoFar: (causes) => `Turned away so far: ${causes.join(", ")}.`,
  loop: (counts) =>
    `The program: ${counts.turns} turns of its loop, ${counts.dispatches} calls; ` +
    `${counts.bytesIn} bytes came, ${counts.bytesOut} left, ${counts.bufferedBytes} are held ` +
    `(--memory-bytes); ${counts.slowHandlers} times everybody had to wait for one, ` +
    `${counts.handlerErrors} mistakes; ` +
    `${counts.refused} connections refused for want of open files (ulimit -n).`,
  explained: (name, where, input, backlog) => {
    const lines = {
      open: "its lines are read as they come",
      waiting: "its next lines must wait: they come too fast, or others have to read the last ones",
      over: "it says no more",
    }[input];
    return `${name}, ${where}: ${lines}; ${
      backlog === 0
        ? "all that was said to it is on its way"
        : `it reads slowly: ${backlog} bytes wait for it (--backlog-bytes)`
    }.`;
  },

  open: (address) => `The chat room is open at ${address}`,
  enterWith: (command) => `Enter it with:  ${command}`,
  howToEnd: "End it with Ctrl+C",
  inputEnded: "Ctrl+D: nothing more can be typed here, and the chat goes on. End it with Ctrl+C",
  endingIn: (seconds) => `The chat is ending: members have ${seconds} s to take their last lines.`,
  cutOff: (peer, bytes) => `${peer} did not take its last ${bytes} bytes.`,
  disconnected: (name, where, why) => `${name ?? "Somebody"} (${where}) was disconnected: ${why}.`,
  disconnections: {
    handshake: "gave no name in time (--join-seconds)",
    idle: "nothing came from it or went to it for too long (--idle-seconds)",
    "write-stalled": "takes no output (--stall-seconds)",
    overflow: "does not read what is said (--backlog-bytes)",
    budget: "holds the most memory, and there is no more (--memory-bytes)",
    error: "the connection broke",
    "handler-error": "a mistake in the chat room",
  },
  departures: { end: "left", local: "were told goodbye", reset: "broke off" },
  turnedAway: (where, why) => `${where} was turned away: ${why}.`,
  refusals: {
    "max-connections": "the chat is full (--max-members)",
    "max-connections-per-address": "too many from its address (--max-per-address)",
    "accepts-per-second": "too many at once (--joins-per-second)",
  },
  leftOut: (lines) => `(${lines} more lines were left out.)`,
};

function list(names: readonly string[], inAll: number): string {
  const more = inAll - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
