import { DateTime } from "luxon";

/**
 * Dates as `emaildateformat` has them: the letters of strftime, in the words of a language. Left out: what glibc alone knows
 * (`%E…`, `%O…`, padding other than `%-d`).
 */
const LETTERS: Readonly<Record<string, string | ((date: DateTime) => string)>> = {
  a: "EEE",
  A: "EEEE",
  b: "MMM",
  B: "MMMM",
  c: "FF",
  C: (date) => two(Math.floor(date.year / 100)),
  d: "dd",
  D: "MM/dd/yy",
  e: (date) => String(date.day).padStart(2),
  F: "yyyy-MM-dd",
  G: "kkkk",
  g: "kk",
  h: "MMM",
  H: "HH",
  I: "hh",
  j: "ooo",
  k: (date) => String(date.hour).padStart(2),
  l: (date) => String(date.hour % 12 || 12).padStart(2),
  m: "MM",
  M: "mm",
  n: () => "\n",
  p: "a",
  P: (date) => date.toFormat("a").toLowerCase(),
  r: "hh:mm:ss a",
  R: "HH:mm",
  s: (date) => String(Math.floor(date.toSeconds())),
  S: "ss",
  t: () => "\t",
  T: "HH:mm:ss",
  u: "E",
  V: "WW",
  w: (date) => String(date.weekday % 7),
  x: "D",
  X: "tt",
  y: "yy",
  Y: "yyyy",
  z: "ZZZ",
  Z: "ZZZZ",
  "%": () => "%",
};

const TOKEN = /%(-?)([A-Za-z%])/g;

export function isMailDateFormat(format: string): boolean {
  return !format
    .replace(TOKEN, (whole, _flag, letter: string) => (Object.hasOwn(LETTERS, letter) ? "" : whole))
    .includes("%");
}

export interface DateManner {
  /** IANA. */
  readonly timezone: string;
  /** BCP 47. */
  readonly locale: string;
  /** Default: in full, as the language has it. */
  readonly format?: string | undefined;
}

export function mailDate(when: Date, { timezone, locale, format }: DateManner): string {
  const date = DateTime.fromJSDate(when, { zone: timezone }).setLocale(locale);
  if (format === undefined) return date.toLocaleString({ dateStyle: "full", timeStyle: "short" });
  return format.replace(TOKEN, (_whole, flag: string, letter: string) => {
    const how = LETTERS[letter];
    const text = typeof how === "function" ? how(date) : date.toFormat(how ?? "");
    return flag === "-" ? text.replace(/^[0 ]+(?=\d)/, "") : text;
  });
}

/** `de_DE.UTF-8` as systems name it, or `de-DE`; undefined for a language that Node does not know. */
export function localeOf(name: string): string | undefined {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(name.replace(/[.@].*$/, "").replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
