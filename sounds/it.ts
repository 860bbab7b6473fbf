import type { DateTime } from "luxon";
import type { Language } from "../src/ivr/language.ts";
import { stockPrompts } from "./en/prompts.ts";
import { sayDigits, sayLetters, soundWords } from "./en/say.ts";
import { daysAgo, joinKinds, kindsOf, sayNearDay, sayWeekday } from "./grammar.ts";

/** Italian in Asterisk's stock sounds, which have 21, 28, 31, 38 … whole because they are contracted. */
export const it: Language = {
  prompts: {
    ...stockPrompts,
    "vm-nuovo": { words: "new" },
    "vm-nuovi": { words: "new" },
    "vm-vecchio": { words: "old" },
    "vm-vecchi": { words: "old" },
  },
  sayNumber,
  sayDigits,
  sayLetters,
  sayDay,
  sayDate: (date, now) => [...sayDay(date, now), "digits/at", ...sayTime(date)],
  sayCounts(counts) {
    const kinds = kindsOf(counts);
    if (kinds.length === 0) return ["vm-youhave", "vm-no", "vm-messages"];
    const phrases = kinds.map(({ prompt, count }) =>
      count === 1
        ? ["digits/un", ONE[prompt] ?? prompt, "vm-message"]
        : [...sayNumber(count), MANY[prompt] ?? prompt, "vm-messages"],
    );
    return ["vm-youhave", ...joinKinds(phrases)];
  },
  sayFolder: (prompt) => ["vm-messages", MANY[prompt] ?? prompt],
  sayMinutes: (minutes) => [...sayNumber(minutes), "vm-minutes"],
  soundWords,
};

const ONE: Readonly<Record<string, string>> = { "vm-INBOX": "vm-nuovo", "vm-Old": "vm-vecchio" };
const MANY: Readonly<Record<string, string>> = { "vm-INBOX": "vm-nuovi", "vm-Old": "vm-vecchi" };

function sayNumber(number: number): string[] {
  const whole = Math.trunc(number);
  if (whole < 0) return ["digits/minus", ...sayNumber(-whole)];
  if (whole <= 20 || (whole < 100 && [0, 1, 8].includes(whole % 10))) return [`digits/${whole}`];
  if (whole < 100) return [`digits/${whole - (whole % 10)}`, `digits/${whole % 10}`];
  if (whole < 1_000) return scaled(whole, 100, "hundred", "hundred");
  if (whole < 1_000_000) return scaled(whole, 1_000, "thousand", "thousands");
  const millions = Math.floor(whole / 1_000_000);
  const head = millions === 1 ? ["digits/un", "digits/million"] : [...sayNumber(millions), "digits/millions"];
  return [...head, ...rest(whole % 1_000_000)];
}

/** "cento" and "mille" take no "uno" before them. */
function scaled(number: number, size: number, one: string, many: string): string[] {
  const count = Math.floor(number / size);
  const head = count === 1 ? [`digits/${one}`] : [...sayNumber(count), `digits/${many}`];
  return [...head, ...rest(number % size)];
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
    ...sayNumber(date.day),
    `digits/mon-${date.month - 1}`,
    ...year,
  ];
}

/** "14 e 15". */
function sayTime(date: DateTime): string[] {
  return [...sayNumber(date.hour), ...(date.minute > 0 ? ["digits/e", ...sayNumber(date.minute)] : [])];
}
