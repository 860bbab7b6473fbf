import type { Language } from "../src/ivr/language.ts";
import { ourPrompts } from "./en/ours.ts";
import { stockPrompts } from "./en/prompts.ts";
import { sayDate, sayDigits, sayLetters, sayNumber, soundWords } from "./en/say.ts";

export const en: Language = {
  prompts: { ...stockPrompts, ...ourPrompts },
  sayNumber,
  sayDigits,
  sayLetters,
  sayDate,
  soundWords,
};
