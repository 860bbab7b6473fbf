import { readdirSync } from "node:fs";
import fc from "fast-check";
import { DateTime } from "luxon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { findAsterisk } from "../../lab/systems.ts";
import type { Phrase } from "../../src/ivr/phrase.ts";
import { LANGUAGES, resolve } from "../../src/ivr/prompts.ts";

const urls = {
  ourSound: () => "http://media/sound.wav",
  silence: () => "http://media/silence.wav",
  publish: (path: string) => ({ url: path, withdraw: async () => {} }),
};

function say(language: string, ...script: Phrase[]): string {
  const { media } = resolve(script, language, urls);
  return media.map((uri) => uri.replace(/^sound:(digits\/|vm-)?/, "")).join(" ");
}

const counts = (fresh: number, old = 0, urgent = 0) => ({ counts: { urgent, new: fresh, old } });

describe("numbers", () => {
  it.each([
    ["es", 21, "21"],
    ["es", 45, "40 and 5"],
    ["es", 100, "hundred"],
    ["es", 115, "100-and 15"],
    ["es", 731, "700 30 and 1"],
    ["es", 1_002, "thousand 2"],
    ["es", 2_000_000, "2 millions"],
    ["fr", 21, "20 et 1"],
    ["fr", 71, "60 et 11"],
    ["fr", 80, "80"],
    ["fr", 81, "80 1"],
    ["fr", 99, "80 19"],
    ["fr", 1_100, "thousand hundred"],
    ["it", 21, "21"],
    ["it", 42, "40 2"],
    ["it", 108, "hundred 8"],
    ["it", 3_000, "3 thousands"],
    ["ru", 45, "40 5"],
    ["ru", 101, "hundred 1"],
  ])("%s %d is said %s", (language, number, said) => expect(say(language, { number })).toBe(said));
});

describe("counts", () => {
  it.each([
    ["en", counts(1), "youhave 1 INBOX message"],
    ["en", counts(2, 3), "youhave 2 INBOX and 3 Old messages"],
    ["es", counts(0), "youhaveno messages"],
    ["es", counts(1), "youhave 1M message INBOX"],
    ["es", counts(2, 1), "youhave 2 messages INBOXs and 1M message Old"],
    ["fr", counts(1), "youhave 1 INBOX message"],
    ["fr", counts(2, 3), "youhave 2 INBOX and 3 Old messages"],
    ["it", counts(1), "youhave un nuovo message"],
    ["it", counts(2, 5), "youhave 2 nuovi messages and 5 vecchi messages"],
    ["ru", counts(1), "youhave 1n newn message"],
    ["ru", counts(3), "youhave 3 newx messagex1"],
    ["ru", counts(11), "youhave 11 newx messagex2"],
    ["ru", counts(21), "youhave 20 1n newn message"],
    ["ru", counts(0, 0, 2), "youhave 2n Urgent messagex1"],
  ])("%s %j", (language, phrase, said) => expect(say(language, phrase)).toBe(said));
});

describe("dates", () => {
  const now = new Date("2026-03-05T18:00:00Z");
  const at = (iso: string): Phrase => ({ date: new Date(iso), timezone: "UTC", now });
  it.each([
    ["es", "2026-03-05T14:15:00Z", "today at_s 2 15 p-m"],
    ["es", "2026-03-04T01:00:00Z", "yesterday at 1F a-m"],
    ["es", "2026-01-09T09:05:00Z", "es-el 9 es-de mon-0 at_s 9 5 a-m"],
    ["fr", "2026-03-05T14:15:00Z", "today at 14 oclock 15"],
    ["fr", "2026-02-01T08:00:00Z", "h-1 mon-1 at 8 oclock"],
    ["it", "2026-03-03T14:15:00Z", "day-2 at 14 e 15"],
    ["ru", "2026-02-22T07:05:00Z", "day-0 20 h-2 mon-1 at 7 0 5"],
  ])("%s %s is said %s", (language, iso, said) => expect(say(language, at(iso))).toBe(said));
});

describe("stock sounds", () => {
  const others = Object.keys(LANGUAGES).filter((language) => language !== "en");

  it.for(others)("everything that can be said in %s is in Asterisk's sounds", async (language, { skip }) => {
    const system = await findAsterisk(() => {});
    if (!("root" in system) || !system.root)
      return skip("this machine's own Asterisk may have fewer languages");
    const folder = `${system.root}/usr/share/asterisk/sounds`;
    const voice = readdirSync(folder).find((name) => name.startsWith(`${language}_`)) ?? "";
    const files = new Set(readdirSync(`${folder}/${voice}`, { recursive: true, encoding: "utf8" }));
    const missing = new Set<string>();
    const check = (...script: Phrase[]) => {
      for (const uri of resolve(script, language, urls).media) {
        const name = uri.slice("sound:".length);
        if (!files.has(`${name}.gsm`)) missing.add(name);
      }
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999 }), fc.nat(300), fc.nat(300), (number, fresh, old) => {
        check({ number }, counts(fresh, old), { minutes: fresh });
        const date = DateTime.fromISO("2026-03-05T12:00:00Z").minus({ minutes: number });
        check({ date: date.toJSDate(), timezone: "UTC", now: new Date("2026-03-05T18:00:00Z") });
      }),
    );
    for (const folderPrompt of ["vm-INBOX", "vm-Old", "vm-Work", "vm-Family", "vm-Friends"])
      check({ folder: folderPrompt });
    expect([...missing]).toEqual([]);
  });
});

describe("on a real Asterisk", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ servers: ["asterisk"] });
  });
  afterAll(() => lab?.stop());

  it.for(Object.keys(LANGUAGES))(
    "Asterisk finds the sounds of %s by the channel's language",
    async (language, { skip }) => {
      if (!lab.asterisk) return skip(lab.asteriskMissing ?? "no Asterisk");
      const { url, user, password } = lab.asterisk.ari;
      const headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
      for (const sound of ["vm-youhave", "digits/1", "vm-message", "vm-goodbye"]) {
        const answer = await fetch(`${url}/ari/sounds/${encodeURIComponent(sound)}`, { headers });
        const { formats } = (await answer.json()) as { formats: { language: string }[] };
        expect(formats.map((format) => format.language)).toContain(language);
      }
    },
  );
});
