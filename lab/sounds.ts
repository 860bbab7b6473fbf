import { existsSync, readdirSync, symlinkSync } from "node:fs";

/**
 * Debian's sound packages lie in folders of their voices, such as `es_MX_f_Allison`. Gives each spoken language the short
 * name that a channel's language has.
 */
export function linkLanguages(root: string): void {
  const sounds = `${root}/usr/share/asterisk/sounds`;
  for (const voice of readdirSync(sounds)) {
    const [, language] = /^([a-z]{2})_[A-Z]{2}_/.exec(voice) ?? [];
    if (!language || existsSync(`${sounds}/${language}`)) continue;
    try {
      symlinkSync(voice, `${sounds}/${language}`);
    } catch (error) {
      // Another lab on the same root was quicker.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
