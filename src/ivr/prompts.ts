import { DateTime } from "luxon";
import { en } from "../../sounds/en.ts";
import { es } from "../../sounds/es.ts";
import { fr } from "../../sounds/fr.ts";
import { it } from "../../sounds/it.ts";
import { ru } from "../../sounds/ru.ts";
import { VoxpostError } from "../errors.ts";
import { sayDateFormat } from "./date-format.ts";
import type { Action, Language, SpokenKeys } from "./language.ts";
import type { Phrase, Script } from "./phrase.ts";

/** Languages that we know the prompts and the grammar of. Another one is a file in `sounds/` and a line here. */
export const LANGUAGES: Readonly<Record<string, Language>> = { en, es, fr, it, ru };
export const FALLBACK_LANGUAGE = "en";

/** Asterisk writes a dialect as `en_GB`: it has the grammar of `en`, and may have sounds of its own. */
export function findLanguage(name: string): Language {
  return LANGUAGES[nameOfLanguage(name)] ?? en;
}

function nameOfLanguage(name: string): string {
  return [name, name.split("_")[0] ?? ""].find((each) => each in LANGUAGES) ?? FALLBACK_LANGUAGE;
}

/** The keys that a prompt speaks, with what it says that they do; undefined when it speaks none. */
export function spokenKeys(prompt: string, language = FALLBACK_LANGUAGE): SpokenKeys | undefined {
  return findLanguage(language).prompts[prompt]?.keys;
}

/** What is heard when the prompt is played, in short; the prompt's own name when nothing is known of it. */
export function words(prompt: string, language = FALLBACK_LANGUAGE): string {
  const known = findLanguage(language);
  return known.prompts[prompt]?.words ?? known.soundWords(prompt) ?? prompt;
}

/** The words of one media URI as ARI's events show it; `(audio)` for messages, greetings and recordings. */
export function mediaWords(media: string, language = FALLBACK_LANGUAGE): string {
  if (media.startsWith("recording:")) return "(audio)";
  const sound = media.replace(/^sound:/, "");
  if (!/^https?:/.test(sound)) return words(sound, language);
  const path = new URL(sound).pathname;
  if (/\/silence\/\d+\.wav$/.test(path)) return "(pause)";
  const ours = /\/sounds\/[^/]+\/([^/]+)\.wav$/.exec(path)?.[1];
  return ours ? words(`voxpost/${ours}`, language) : "(audio)";
}

/** Whether a script may use this prompt by its key. */
export function isPrompt(key: string, language = FALLBACK_LANGUAGE): boolean {
  return key in findLanguage(language).prompts;
}

/** The phrase "to delete this message", said after "press 7" where a menu's keys are not those of the stock prompts. */
export function actionPrompt(action: Action): string {
  return `voxpost/to-${action}`;
}

/** Where sounds that Asterisk has not got are fetched from; `Media` implements it. */
export interface SoundUrls {
  /** The sound that a site has instead of a prompt, by its name on Asterisk's disk. */
  siteSound?(prompt: string): string | undefined;
  ourSound(language: string, name: string): string;
  silence(milliseconds: number): string;
  /** Publishes a file until the returned `withdraw` is called. */
  publish(path: string, contentType: string): { readonly url: string; withdraw(): Promise<void> };
}

/** What Asterisk is asked to play, and what must be taken back when it has been played. */
export interface Resolved {
  readonly media: readonly string[];
  withdraw(): Promise<void>;
}

/**
 * Turns phrases into media URIs for one language. Prompts that a language lacks are taken from English.
 * @throws VoxpostError PROMPT_UNKNOWN when no table has a prompt: a fault of a menu, which the check at start would show
 */
export function resolve(script: Script, language: string, urls: SoundUrls): Resolved {
  const published: { withdraw(): Promise<void> }[] = [];
  const media = script.flatMap((phrase) => {
    if (typeof phrase === "object" && "file" in phrase) {
      const file = urls.publish(phrase.file, phrase.contentType);
      published.push(file);
      return [`sound:${file.url}`];
    }
    return phraseMedia(phrase, language, urls);
  });
  return {
    media,
    async withdraw() {
      await Promise.all(published.map((file) => file.withdraw()));
    },
  };
}

function phraseMedia(
  phrase: Exclude<Phrase, { file: string }>,
  name: string,
  urls: SoundUrls,
): readonly string[] {
  const language = findLanguage(name);
  if (typeof phrase === "string") return [promptMedia(phrase, name, urls)];
  if ("number" in phrase) return sounds(language.sayNumber(phrase.number));
  if ("counts" in phrase) return sounds(language.sayCounts(phrase.counts));
  if ("folder" in phrase) return sounds(language.sayFolder(phrase.folder));
  if ("minutes" in phrase) return sounds(language.sayMinutes(phrase.minutes));
  if ("digits" in phrase) return sounds(language.sayDigits(phrase.digits));
  if ("letters" in phrase) return sounds(language.sayLetters(phrase.letters));
  if ("silence" in phrase) return phrase.silence > 0 ? [`sound:${urls.silence(phrase.silence)}`] : [];
  if ("recording" in phrase) return [`recording:${phrase.recording}`];
  if ("sound" in phrase) return isSoundName(phrase.sound) ? [`sound:${phrase.sound}`] : [];
  const inZone = (date: Date) => DateTime.fromJSDate(date, { zone: phrase.timezone });
  const [date, now] = [inZone(phrase.date), inZone(phrase.now ?? new Date())];
  return sounds(
    phrase.format === undefined
      ? language.sayDate(date, now)
      : sayDateFormat(phrase.format, date, now, language),
  );
}

function promptMedia(key: string, language: string, urls: SoundUrls): string {
  const own = urls.siteSound?.(key);
  if (own !== undefined) return `sound:${own}`;
  const inLanguage = findLanguage(language).prompts[key];
  const prompt = inLanguage ?? en.prompts[key];
  if (!prompt) {
    throw new VoxpostError("PROMPT_UNKNOWN", `No table in sounds/ has a prompt "${key}"`, {
      context: { key },
    });
  }
  if (!prompt.ours) return `sound:${key}`;
  const recorded = inLanguage ? nameOfLanguage(language) : FALLBACK_LANGUAGE;
  return `sound:${urls.ourSound(recorded, key.slice("voxpost/".length))}`;
}

function sounds(names: readonly string[]): string[] {
  return names.map((name) => `sound:${name}`);
}

/** A site's own sound comes from configuration or a channel variable: no other scheme, no path out of the folder. */
function isSoundName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$/.test(name) && !name.includes("..");
}
