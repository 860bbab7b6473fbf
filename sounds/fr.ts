import type { DateTime } from "luxon";
import type { Language } from "../src/ivr/language.ts";
import { stockPrompts } from "./en/prompts.ts";
import { sayDigits, sayLetters, soundWords } from "./en/say.ts";
import { daysAgo, joinKinds, kindsOf, sayNearDay, sayWeekday } from "./grammar.ts";

const plural = new Intl.PluralRules("fr");

/** French in Asterisk's stock sounds: 70 and 90 are counted from 60 and 80. */
export const fr: Language = {
  prompts: stockPrompts,
  sayNumber,
  sayDigits,
  sayLetters,
  sayDay,
  sayDayOfMonth,
  sayDate: (date, now) => [...sayDay(date, now), "digits/at", ...sayTime(date)],
  sayCounts(counts) {
    const kinds = kindsOf(counts);
    const last = kinds.at(-1);
    if (!last) return ["vm-youhave", "vm-no", "vm-messages"];
    const phrases = kinds.map(({ prompt, count }) => [...sayNumber(count), prompt]);
    return ["vm-youhave", ...joinKinds(phrases), messages(last.count)];
  },
  sayFolder: (prompt) => [prompt, "vm-messages"],
  sayMinutes: (minutes) => [...sayNumber(minutes), "vm-minutes"],
  soundWords,
};

function messages(count: number): string {
  return plural.select(count) === "one" ? "vm-message" : "vm-messages";
}

function sayNumber(number: number): string[] {
  const whole = Math.trunc(number);
  if (whole < 0) return ["digits/minus", ...sayNumber(-whole)];
  if (whole <= 20) return [`digits/${whole}`];
  if (whole < 100) return sayTens(whole);
  if (whole < 1_000) return scaled(whole, 100, "hundred");
  if (whole < 1_000_000) return scaled(whole, 1_000, "thousand");
  const millions = Math.floor(whole / 1_000_000);
  return [...sayNumber(millions), "digits/million", ...rest(whole % 1_000_000)];
}

function sayTens(number: number): string[] {
  const tens = number - (number % 10);
  const base = tens === 70 || tens === 90 ? tens - 10 : tens;
  const unit = number - base;
  if (unit === 0) return [`digits/${base}`];
  // vingt et un … soixante et onze, but quatre-vingt-un
  const joined = base < 80 && (unit === 1 || unit === 11);
  return [`digits/${base}`, ...(joined ? ["digits/et"] : []), `digits/${unit}`];
}

/** "cent" and "mille" take no "un" before them. */
function scaled(number: number, size: number, name: string): string[] {
  const count = Math.floor(number / size);
  return [...(count > 1 ? sayNumber(count) : []), `digits/${name}`, ...rest(number % size)];
}

function rest(number: number): string[] {
  return number > 0 ? sayNumber(number) : [];
}

function sayDay(date: DateTime, now: DateTime): string[] {
  const near = sayNearDay(date, now);
  if (near) return [near];
  const days = daysAgo(date, now);
  const year = days > 183 || days < 0 ? sayNumber(date.year) : [];
  return [
    ...(days <= 30 ? [sayWeekday(date)] : []),
    ...sayDayOfMonth(date.day),
    `digits/mon-${date.month - 1}`,
    ...year,
  ];
}

function sayDayOfMonth(day: number): string[] {
  return day === 1 ? ["digits/h-1"] : sayNumber(day);
}

/** "14 heures 15". */
function sayTime(date: DateTime): string[] {
  return [...sayNumber(date.hour), "digits/oclock", ...rest(date.minute)];
}
