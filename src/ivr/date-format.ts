import type { DateTime } from "luxon";
import type { Language } from "./language.ts";

/**
 * Dates as a site wants them said: the formats of voicemail.conf's `[zonemessages]`, such as `'vm-received' Q 'digits/at' R`. A name
 * in quotes is a sound, a letter is a part of the date (the table below), and spaces mean nothing.
 */

type Say = (date: DateTime, now: DateTime, language: Language) => string[];

const weekday: Say = (date) => [`digits/day-${date.weekday % 7}`];
const month: Say = (date) => [`digits/mon-${date.month - 1}`];
const dayOfMonth: Say = ({ day }, _now, language) => language.sayDayOfMonth?.(day) ?? language.sayNumber(day);
const hour12: Say = ({ hour }, _now, language) => language.sayNumber(hour % 12 || 12);
const minute: Say = (date, _now, language) => sixtieths(date.minute, language);
const second: Say = (date, _now, language) => sixtieths(date.second, language);
const half: Say = ({ hour }) => [hour < 12 ? "digits/a-m" : "digits/p-m"];
const day: Say = (date, now, language) => language.sayDay(date, now);
const hour24: Say = ({ hour }, _now, language) => [
  ...(hour < 10 ? (language.zero ?? []) : []),
  ...(hour > 0 || !language.zero ? language.sayNumber(hour) : []),
];

const LETTERS: Readonly<Record<string, Say>> = {
  A: weekday,
  a: weekday,
  B: month,
  b: month,
  h: month,
  d: dayOfMonth,
  e: dayOfMonth,
  Y: ({ year }, _now, language) => language.sayYear?.(year) ?? language.sayNumber(year),
  I: hour12,
  l: hour12,
  H: hour24,
  k: ({ hour }, _now, language) => language.sayNumber(hour),
  M: minute,
  N: minute,
  P: half,
  p: half,
  Q: day,
  q: day,
  R: (...all) => [...hour24(...all), ...minute(...all)],
  S: second,
  T: (...all) => [...hour24(...all), ...minute(...all), ...second(...all)],
};

const TOKEN = /'([\w./-]+)'|([A-Za-z])|\s+/g;

export function isDateFormat(format: string): boolean {
  const rest = format.replace(TOKEN, (whole, _sound, letter?: string) =>
    letter === undefined || letter in LETTERS ? "" : whole,
  );
  return rest === "" && format.trim() !== "";
}

/** Sounds, in their order; what `isDateFormat` refuses is left out. */
export function sayDateFormat(format: string, date: DateTime, now: DateTime, language: Language): string[] {
  return [...format.matchAll(TOKEN)].flatMap(([, sound, letter]) =>
    sound ? [sound] : (LETTERS[letter ?? ""]?.(date, now, language) ?? []),
  );
}

/** "oh five", "o'clock", where a language has such words. */
function sixtieths(count: number, language: Language): string[] {
  if (count === 0 && language.none) return language.none;
  return [...(count < 10 ? (language.zero ?? []) : []), ...language.sayNumber(count)];
}
