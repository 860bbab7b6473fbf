import { VoxpostError } from "../errors.ts";
import type { Asterisk } from "./asterisk.ts";
import { FALLBACK_LANGUAGE, findLanguage } from "./prompts.ts";

/**
 * Compares our table of a language with the sounds that Asterisk has, and returns the prompts that callers would not hear.
 * A dialect's sounds are filled up from its language, and any language's from English, by Asterisk itself.
 */
async function missingSounds(asterisk: Asterisk, language = FALLBACK_LANGUAGE): Promise<string[]> {
  const sounds = await asterisk.requests.get<{ id: string }[]>("/sounds", { query: { lang: language } });
  const known = new Set(sounds.map(({ id }) => id));
  return Object.entries(findLanguage(language).prompts).flatMap(([key, prompt]) =>
    prompt.ours || known.has(key) ? [] : [key],
  );
}

/** Says after each connect what is missing. Calls are served all the same: Asterisk skips a sound that it lacks. */
export async function checkSounds(asterisk: Asterisk): Promise<void> {
  const missing = await missingSounds(asterisk);
  if (missing.length === 0) return;
  const error = new VoxpostError(
    "PROMPT_UNKNOWN",
    `Asterisk ${asterisk.name} lacks ${missing.length} English sounds: install its core sounds (asterisk-core-sounds-en)`,
    { context: { missing: missing.join(" ") } },
  );
  asterisk.log.error({ err: error }, "prompts will be silent");
}
