import type { DateTime } from "luxon";
import { daysAgo, sayNearDay, sayWeekday } from "../grammar.ts";

/** English numbers, letters and dates in Asterisk's stock sounds. */

export function sayNumber(number: number): string[] {
  const whole = Math.trunc(number);
  if (whole < 0) return ["digits/minus", ...sayNumber(-whole)];
  for (const [size, name] of SCALES) {
    if (whole < size) continue;
    const rest = whole % size;
    return [...sayNumber(Math.floor(whole / size)), `digits/${name}`, ...(rest > 0 ? sayNumber(rest) : [])];
  }
  if (whole <= 20 || whole % 10 === 0) return [`digits/${whole}`];
  return [`digits/${whole - (whole % 10)}`, `digits/${whole % 10}`];
}

const SCALES = [
  [1_000_000, "million"],
  [1_000, "thousand"],
  [100, "hundred"],
] as const;

export function sayOrdinal(number: number): string[] {
  if (number <= 20 || number % 10 === 0) return [`digits/h-${number}`];
  return [`digits/${number - (number % 10)}`, `digits/h-${number % 10}`];
}

const DIGITS: Readonly<Record<string, string>> = {
  "*": "digits/star",
  "#": "digits/pound",
  "+": "letters/plus",
};

export function sayDigits(digits: string): string[] {
  return [...digits].flatMap((digit) => {
    const sound = /[0-9]/.test(digit) ? `digits/${digit}` : DIGITS[digit];
    return sound ? [sound] : [];
  });
}

const MARKS: Readonly<Record<string, string>> = {
  " ": "space",
  "@": "at",
  ".": "dot",
  "-": "dash",
  "/": "slash",
  "+": "plus",
  "=": "equals",
  $: "dollar",
  "!": "exclaimation-point", // so spelled in the stock set
};

export function sayLetters(text: string): string[] {
  return [...text.toLowerCase()].flatMap((letter) => {
    if (/[a-z]/.test(letter)) return [`letters/${letter}`];
    const mark = MARKS[letter];
    return mark ? [`letters/${mark}`] : sayDigits(letter);
  });
}

/**
 * "today at 2 15 p.m.", as app_voicemail's English default has it: today, yesterday, the weekday within the last week,
 * then weekday and date within a month, the date within half a year, and the year with it when older. A date in the
 * future (a clock that is wrong) is said in full.
 */
export function sayDate(date: DateTime, now: DateTime): string[] {
  return [...sayDay(date, now), "digits/at", ...sayTime(date)];
}

export function sayDay(date: DateTime, now: DateTime): string[] {
  const near = sayNearDay(date, now);
  if (near) return [near];
  const days = daysAgo(date, now);
  const dayOfMonth = [`digits/mon-${date.month - 1}`, ...sayOrdinal(date.day)];
  if (days > 1 && days <= 30) return [sayWeekday(date), ...dayOfMonth];
  if (days > 1 && days <= 183) return dayOfMonth;
  return [...dayOfMonth, ...sayYear(date.year)];
}

export function sayYear(year: number): string[] {
  const [century, rest] = [Math.floor(year / 100), year % 100];
  if (century % 10 === 0) return sayNumber(year);
  if (rest === 0) return [...sayNumber(century), "digits/hundred"];
  return [...sayNumber(century), ...(rest < 10 ? ["digits/oh"] : []), ...sayNumber(rest)];
}

function sayTime(date: DateTime): string[] {
  const hour = sayNumber(date.hour % 12 || 12);
  const half = date.hour < 12 ? "digits/a-m" : "digits/p-m";
  if (date.minute === 0) return [...hour, "digits/oclock", half];
  return [...hour, ...(date.minute < 10 ? ["digits/oh"] : []), ...sayNumber(date.minute), half];
}

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const NAMED: Readonly<Record<string, string>> = {
  "a-m": "a.m.",
  "p-m": "p.m.",
  oclock: "o'clock",
  pound: "hash",
};

/** The words of `digits/…`, `letters/…` and `silence/…`. */
export function soundWords(sound: string): string | undefined {
  const [folder = "", name = ""] = sound.split("/");
  if (folder === "letters") return name.length === 1 ? name.toUpperCase() : name;
  if (folder === "silence") return "(pause)";
  if (folder !== "digits") return undefined;
  const [kind, number] = name.split("-");
  if (kind === "mon") return MONTHS[Number(number)];
  if (kind === "day") return WEEKDAYS[Number(number)];
  if (kind === "h") return ordinalWord(Number(number));
  return NAMED[name] ?? name;
}

function ordinalWord(number: number): string {
  const ending = number > 3 && number < 21 ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${ending}`;
}
