import type { DateTime } from "luxon";
import type { Language } from "../src/ivr/language.ts";
import { stockPrompts } from "./en/prompts.ts";
import { sayDigits, sayLetters, soundWords } from "./en/say.ts";
import { daysAgo, joinKinds, kindsOf, sayNearDay, sayWeekday } from "./grammar.ts";

const plural = new Intl.PluralRules("ru");

/**
 * Russian in Asterisk's stock sounds. A message is neuter (`1n`, `2n`) and has three forms: one, a few (`x1`), many (`x2`). The
 * sounds have no words for 200 and more, so hundreds are counted.
 */
export const ru: Language = {
  prompts: {
    ...stockPrompts,
    "vm-newn": { words: "new" },
    "vm-newx": { words: "new" },
    "vm-oldn": { words: "old" },
    "vm-oldx": { words: "old" },
    "vm-messagex1": { words: "messages" },
    "vm-messagex2": { words: "messages" },
  },
  sayNumber: (number) => sayNumber(number),
  sayDigits,
  sayLetters,
  sayDay,
  sayDayOfMonth,
  sayDate: (date, now) => [...sayDay(date, now), "digits/at", ...sayTime(date)],
  sayCounts(counts) {
    const kinds = kindsOf(counts);
    const last = kinds.at(-1);
    if (!last) return ["vm-youhave", "vm-no", "vm-messagex2"];
    const phrases = kinds.map(({ prompt, count }) => [...sayNumber(count, true), adjective(prompt, count)]);
    return ["vm-youhave", ...joinKinds(phrases), MESSAGES[plural.select(last.count)] ?? "vm-messagex2"];
  },
  sayFolder: (prompt) => [prompt, "vm-messages"],
  sayMinutes: (minutes) => [...sayNumber(minutes), "vm-minutes"],
  soundWords,
};

const MESSAGES: Readonly<Record<string, string>> = {
  one: "vm-message",
  few: "vm-messagex1",
  many: "vm-messagex2",
};

/** "новое" for one, "новых" for others. */
function adjective(prompt: string, count: number): string {
  const stem = { "vm-INBOX": "vm-new", "vm-Old": "vm-old" }[prompt];
  return stem ? `${stem}${plural.select(count) === "one" ? "n" : "x"}` : prompt;
}

function sayNumber(number: number, neuter = false): string[] {
  const whole = Math.trunc(number);
  if (whole < 0) return ["digits/minus", ...sayNumber(-whole, neuter)];
  if (neuter && (whole === 1 || whole === 2)) return [`digits/${whole}n`];
  if (whole <= 20 || (whole < 100 && whole % 10 === 0)) return [`digits/${whole}`];
  if (whole < 100) return [`digits/${whole - (whole % 10)}`, ...sayNumber(whole % 10, neuter)];
  for (const [size, name] of SCALES) {
    if (whole < size) continue;
    const count = Math.floor(whole / size);
    const rest = whole % size;
    const head = count > 1 ? sayNumber(count) : [];
    return [...head, `digits/${name}`, ...(rest > 0 ? sayNumber(rest, neuter) : [])];
  }
  return [];
}

const SCALES = [
  [1_000_000, "million"],
  [1_000, "thousand"],
  [100, "hundred"],
] as const;

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

function ordinal(number: number): string[] {
  return [`digits/${number - (number % 10)}`, `digits/h-${number % 10}`];
}

/** "14 15". */
function sayDayOfMonth(day: number): string[] {
  return day <= 20 || day === 30 ? [`digits/h-${day}`] : ordinal(day);
}

function sayTime(date: DateTime): string[] {
  const minute = date.minute < 10 ? ["digits/0", ...sayNumber(date.minute)] : sayNumber(date.minute);
  return [...sayNumber(date.hour), ...minute];
}
