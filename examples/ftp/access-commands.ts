/** Who the client is, and how the control connection is protected. */
import type { Verb } from "./commands.ts";
import { reply } from "./replies.ts";
import type { State } from "./state.ts";
import { ask, final, type Step } from "./steps.ts";

export type Handler = (state: State, argument: string) => Step;

export const ACCESS = {
  USER: user,
  PASS: pass,
  ACCT: () => final(202, "No account is needed"),
  REIN: reinitialise,
  QUIT: () => ({ kind: "farewell", reply: reply(221, "Goodbye") }),
  HOST: host,
  AUTH: auth,
  PBSZ: bufferSize,
  PROT: protect,
  CCC: ({ secure }) =>
    secure
      ? final(534, "The control connection stays protected")
      : final(533, "The control connection is not protected"),
} satisfies Partial<Record<Verb, Handler>>;

/** The same for everybody, so that nobody learns who has an account. */
function user(state: State, name: string): Step {
  state.logOut();
  state.named = name;
  return final(331, "And the password?");
}

function pass(state: State, password: string): Step {
  const { maxPasswordTries, wrongPasswordMs } = state.settings.limits;
  const name = state.named!;
  return ask({ kind: "check-password", name, password }, (login) => {
    if (login === "busy") {
      return { kind: "farewell", reply: reply(421, "Nobody can log in now: try again later") };
    }
    if (login === "wrong") {
      state.named = null;
      state.passwordTries++;
      return ask({ kind: "wait", ms: wrongPasswordMs }, () =>
        state.passwordTries < maxPasswordTries
          ? final(530, "The name or the password is wrong")
          : { kind: "farewell", reply: reply(421, "The name or the password is wrong: goodbye") },
      );
    }
    state.login = login;
    state.folder = login.home;
    state.passwordTries = 0;
    return final(230, `Welcome, ${login.name}`);
  });
}

function reinitialise(state: State): Step {
  // It would have to end TLS on a connection that goes on.
  if (state.secure) return final(502, "Not under TLS: open a new connection instead");
  state.reset();
  return final(220, state.settings.greeting);
}

/** Whatever the name, it is the one site that there is (RFC 7151). */
function host(state: State, name: string): Step {
  if (state.named !== null || state.login !== null) return final(503, "HOST comes before USER");
  if (!/^(?:[\w.-]+|\[[\da-fA-F:.]+\])$/.test(name)) return final(501, "A host's name is needed");
  return final(220, state.settings.greeting);
}

/** curl begins with SSL, and means TLS by it. */
function auth(state: State, mechanism: string): Step {
  if (!/^(?:TLS|TLS-C|SSL)$/i.test(mechanism)) return final(504, "AUTH TLS is what is known here");
  if (state.settings.tls === "none") return final(534, "There is no TLS here");
  if (state.secure) return final(503, "TLS is on already");
  return { kind: "secure", reply: reply(234, "Begin TLS") };
}

function bufferSize(state: State, bytes: string): Step {
  if (!state.secure) return final(503, "AUTH TLS comes before PBSZ");
  if (!/^\d{1,10}$/.test(bytes)) return final(501, "PBSZ 0 is what TLS needs");
  state.bufferSize = true;
  return final(200, "PBSZ=0");
}

function protect(state: State, level: string): Step {
  if (!state.secure || !state.bufferSize) return final(503, "AUTH TLS and PBSZ come before PROT");
  switch (level.toUpperCase()) {
    case "P":
      state.protect = true;
      return final(200, "Data connections are protected");
    case "C":
      if (state.settings.tls === "data") return final(534, "Data must be protected here");
      state.protect = false;
      return final(200, "Data connections are not protected");
    case "S":
    case "E":
      return final(536, "TLS knows the levels P and C");
    default:
      return final(504, "TLS knows the levels P and C");
  }
}
