import type { Language } from "../src/ivr/language.ts";
import { ourPrompts } from "./en/ours.ts";
import { stockPrompts } from "./en/prompts.ts";
import {
  sayDate,
  sayDay,
  sayDigits,
  sayLetters,
  sayNumber,
  sayOrdinal,
  sayYear,
  soundWords,
} from "./en/say.ts";
import { joinKinds, kindsOf } from "./grammar.ts";

export const en: Language = {
  prompts: { ...stockPrompts, ...ourPrompts },
  sayNumber,
  sayDigits,
  sayLetters,
  sayDate,
  sayDay,
  sayDayOfMonth: sayOrdinal,
  sayYear,
  zero: ["digits/oh"],
  none: ["digits/oclock"],
  // "2 urgent and 1 new and 3 old messages", in app_voicemail's order
  sayCounts(counts) {
    const kinds = kindsOf(counts);
    const last = kinds.at(-1);
    if (!last) return ["vm-youhave", "vm-no", "vm-messages"];
    const phrases = kinds.map(({ prompt, count }) => [...sayNumber(count), prompt]);
    return ["vm-youhave", ...joinKinds(phrases), last.count === 1 ? "vm-message" : "vm-messages"];
  },
  sayFolder: (prompt) => [prompt, "vm-messages"],
  sayMinutes: (minutes) => [...sayNumber(minutes), "vm-minutes"],
  soundWords,
};
