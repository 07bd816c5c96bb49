/** The view of the chat. What the room says is in the language of the room. */
export const CHAT = {
  title: "Chat",
  intro:
    "The same room as those have who come with nc, telnet or the room's own client. All see the same lines in the same order.",
  name: "Your name",
  join: "Join",
  leave: "Leave",
  say: "Say",
  sayWhat: "A line to all, or a command: /help lists them",
  lines: "What is said",
  you: "you",
  newLines: (count: number) => (count === 1 ? "1 new line" : `${count} new lines`),
  gap: (count: number) =>
    count === 1 ? "1 line is missing here." : `${count} lines are missing here.`,
  states: {
    live: "You are in the room",
    joining: "Joining",
    lost: "The connection is lost. Trying again; what is said meanwhile is not missed",
  },
  elsewhere: "This chat goes on in another window.",
  ended: "You are not in the room any more.",
  tooFast: "That was too fast: the line was not said. Try again in a moment.",
  tooLong: "That line is too long.",
  notSaid: "The line was not said: the server does not answer. Try again.",
  unreachable: "The server does not answer. Try again.",
};
