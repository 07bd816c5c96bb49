/** Everything that the two of them say, in one table for each language. */

/** What is said again and again. */
export type Words = "off" | "fast";

export interface Texts {
  readonly driver: string;
  readonly conductor: string;
  /** Between who speaks and what is said. */
  readonly colon: string;
  readonly off: string;
  readonly fast: string;
  readonly lastStop: string;
  readonly endOfWork: string;
  aboard(driver: number, conductor: number): string;
  /** How to send the signals, a line each. */
  howTo(driver: number, conductor: number): readonly string[];
  /** `how`: the name of a signal, or an exit status. */
  conductorLost(how: string): string;
  readonly driverLost: string;
}

const ENGLISH: Texts = {
  driver: "Driver",
  conductor: "Conductor",
  colon: ": ",
  off: "An old hand is at the wheel: off we go",
  fast: "We are going rather fast: fasten your seat belts",
  lastStop: "This is the last stop: everybody off, please",
  endOfWork: "Everybody is off, and the bus is parked",
  aboard: (driver, conductor) =>
    `Process ${driver} drives, and process ${conductor}, its child, conducts.`,
  howTo: (driver, conductor) => [
    `Off we go:      kill -INT ${conductor}, or Ctrl-C here`,
    `Rather fast:    kill -QUIT ${conductor}, or Ctrl-\\ here`,
    `The last stop:  kill -TSTP ${driver}, or Ctrl-Z here`,
  ],
  conductorLost: (how) => `the conductor is gone without a word (${how}): the bus stops`,
  driverLost: "the driver is gone: the conductor gets off",
};

const CHINESE: Texts = {
  driver: "司机",
  conductor: "售票员",
  colon: "：",
  off: "老司机开车了",
  fast: "车速有点快，系好安全带",
  lastStop: "到站了，请下车",
  endOfWork: "人都下完了，收车",
  aboard: (driver, conductor) => `司机是进程 ${driver}，售票员是它的子进程 ${conductor}。`,
  howTo: (driver, conductor) => [
    `开车：kill -INT ${conductor}，或者在这里按 Ctrl-C`,
    `提醒：kill -QUIT ${conductor}，或者在这里按 Ctrl-\\`,
    `到站：kill -TSTP ${driver}，或者在这里按 Ctrl-Z`,
  ],
  conductorLost: (how) => `售票员不见了（${how}），停车`,
  driverLost: "司机不见了，售票员下车",
};

export const LOCALES = { en: ENGLISH, zh: CHINESE } as const;

export type Locale = keyof typeof LOCALES;

/** That of the environment, in the order of locale(7); English for all others. */
export function localeOf(env: Readonly<Record<string, string | undefined>>): Locale {
  const said = [env.LC_ALL, env.LC_MESSAGES, env.LANG].find((value) => (value ?? "") !== "");
  return said?.startsWith("zh") === true ? "zh" : "en";
}
