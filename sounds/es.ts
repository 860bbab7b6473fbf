import type { DateTime } from "luxon";
import type { Language } from "../src/ivr/language.ts";
import { stockPrompts } from "./en/prompts.ts";
import { sayDigits, sayLetters, soundWords } from "./en/say.ts";
import { daysAgo, joinKinds, kindsOf, sayNearDay, sayWeekday } from "./grammar.ts";

/** Spanish in Asterisk's stock sounds, which have 21 to 29 whole, and "un" and "una" beside "uno". */
export const es: Language = {
  prompts: {
    ...stockPrompts,
    "vm-youhaveno": { words: "you have no" },
    "vm-INBOXs": { words: "new" },
    "vm-Olds": { words: "old" },
  },
  sayNumber,
  sayDigits,
  sayLetters,
  sayDay,
  sayDate: (date, now) => [...sayDay(date, now), ...sayTime(date)],
  sayCounts(counts) {
    const kinds = kindsOf(counts);
    if (kinds.length === 0) return ["vm-youhaveno", "vm-messages"];
    const phrases = kinds.map(({ prompt, count }) =>
      count === 1
        ? ["digits/1M", "vm-message", prompt]
        : [...sayNumber(count), "vm-messages", PLURAL[prompt] ?? prompt],
    );
    return ["vm-youhave", ...joinKinds(phrases)];
  },
  sayFolder: (prompt) => ["vm-messages", PLURAL[prompt] ?? prompt],
  sayMinutes: (minutes) => [...sayNumber(minutes), "vm-minutes"],
  soundWords,
};

const PLURAL: Readonly<Record<string, string>> = { "vm-INBOX": "vm-INBOXs", "vm-Old": "vm-Olds" };

function sayNumber(number: number): string[] {
  const whole = Math.trunc(number);
  if (whole < 0) return ["digits/minus", ...sayNumber(-whole)];
  if (whole <= 29 || (whole < 100 && whole % 10 === 0)) return [`digits/${whole}`];
  if (whole < 100) return [`digits/${whole - (whole % 10)}`, "digits/and", `digits/${whole % 10}`];
  if (whole === 100) return ["digits/hundred"];
  if (whole < 200) return ["digits/100-and", ...sayNumber(whole - 100)];
  if (whole < 1_000) return [`digits/${whole - (whole % 100)}`, ...rest(whole % 100)];
  if (whole < 1_000_000) {
    const thousands = Math.floor(whole / 1_000);
    return [...(thousands > 1 ? sayNumber(thousands) : []), "digits/thousand", ...rest(whole % 1_000)];
  }
  const millions = Math.floor(whole / 1_000_000);
  const head = millions === 1 ? ["digits/1M", "digits/million"] : [...sayNumber(millions), "digits/millions"];
  return [...head, ...rest(whole % 1_000_000)];
}

function rest(number: number): string[] {
  return number > 0 ? sayNumber(number) : [];
}

function sayDay(date: DateTime, now: DateTime): string[] {
  const near = sayNearDay(date, now);
  if (near) return near === sayWeekday(date) ? ["digits/es-el", near] : [near];
  const days = daysAgo(date, now);
  const year = days > 183 || days < 0 ? ["digits/es-de", ...sayNumber(date.year)] : [];
  return ["digits/es-el", ...sayNumber(date.day), "digits/es-de", `digits/mon-${date.month - 1}`, ...year];
}

/** "a las 2 15 p.m.", "a la una". */
function sayTime(date: DateTime): string[] {
  const hour = date.hour % 12 || 12;
  const half = date.hour < 12 ? "digits/a-m" : "digits/p-m";
  const spoken = hour === 1 ? ["digits/at", "digits/1F"] : ["digits/at_s", ...sayNumber(hour)];
  return [...spoken, ...rest(date.minute), half];
}
