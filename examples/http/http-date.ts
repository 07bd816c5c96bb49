/** Dates of HTTP (RFC 9110 section 5.6.7): one form is written, three are read. */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Such as `Sun, 06 Nov 1994 08:49:37 GMT`; of milliseconds since 1970, cut to the second. */
export function formatDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Writes the date of answers, once a second for all connections. */
export class DateWriter {
  readonly #now: () => number;
  #second = Number.NaN;
  #line = "";

  /** `now` tells milliseconds since 1970: `Date.now`. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The field line, with CR LF. */
  get line(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#line = `Date: ${formatDate(second * 1000)}\r\n`;
    }
    return this.#line;
  }
}

const CLOCK = "(\\d\\d):(\\d\\d):(\\d\\d)";
const MONTH = `(${MONTHS.join("|")})`;
const DAY = `(?:${DAYS.join("|")})`;
const LONG_DAY = "(?:Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday)";

const IMF = new RegExp(`^${DAY}, (\\d\\d) ${MONTH} (\\d{4}) ${CLOCK} GMT$`);
const RFC_850 = new RegExp(`^${LONG_DAY}, (\\d\\d)-${MONTH}-(\\d\\d) ${CLOCK} GMT$`);
const ASCTIME = new RegExp(`^${DAY} ${MONTH} ([ \\d]\\d) ${CLOCK} (\\d{4})$`);

/**
 * Milliseconds since 1970 of a date in one of the three forms, or null. Of `nowMs` depends which
 * century a year of two digits is in: not more than 50 years ahead.
 */
export function readDate(text: string, nowMs: number): number | null {
  const imf = IMF.exec(text);
  if (imf !== null) return utc(imf[3]!, imf[2]!, imf[1]!, imf.slice(4));
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return utc(asctime[6]!, asctime[1]!, asctime[2]!, asctime.slice(3, 6));
  const old = RFC_850.exec(text);
  if (old === null) return null;
  const thisYear = new Date(nowMs).getUTCFullYear();
  let year = thisYear - (thisYear % 100) + Number(old[3]);
  if (year > thisYear + 50) year -= 100;
  return utc(`${year}`, old[2]!, old[1]!, old.slice(4));
}

/** Null for what is no day or no time of day. A leap second is the one after it. */
function utc(year: string, month: string, day: string, clock: readonly string[]): number | null {
  const [hour, minute, second] = clock.map(Number) as [number, number, number];
  if (hour > 23 || minute > 59 || second > 60) return null;
  const index = MONTHS.indexOf(month);
  const date = new Date(0);
  date.setUTCFullYear(Number(year), index, Number(day));
  if (date.getUTCMonth() !== index || date.getUTCDate() !== Number(day)) return null;
  return date.setUTCHours(hour, minute, second);
}
