import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACTIONS } from "../../src/ivr/language.ts";
import type { Phrase } from "../../src/ivr/phrase.ts";
import {
  actionPrompt,
  isPrompt,
  LANGUAGES,
  mediaWords,
  resolve,
  spokenKeys,
  words,
} from "../../src/ivr/prompts.ts";

const urls = {
  ourSound: (language: string, name: string) => `http://media/sounds/${language}/${name}.wav`,
  silence: (milliseconds: number) => `http://media/silence/${milliseconds}.wav`,
  publish: (path: string) => ({ url: `http://media/m/${path}`, withdraw: async () => {} }),
};

const say = (...script: Phrase[]): string =>
  resolve(script, "en", urls)
    .media.map((media) => media.replace(/^sound:(digits\/)?/, ""))
    .join(" ");

describe("numbers", () => {
  it.each([
    [0, "0"],
    [7, "7"],
    [13, "13"],
    [20, "20"],
    [42, "40 2"],
    [100, "1 hundred"],
    [219, "2 hundred 19"],
    [1_001, "1 thousand 1"],
    [12_345, "12 thousand 3 hundred 40 5"],
    [2_000_000, "2 million"],
    [-3, "minus 3"],
    [1.9, "1"],
  ])("%d is said %s", (number, said) => expect(say({ number })).toBe(said));

  it("are said in sounds that exist, and mean the same number", () => {
    const scales: Record<string, number> = { hundred: 100, thousand: 1_000, million: 1_000_000 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (number) => {
        let [total, current] = [0, 0];
        for (const word of say({ number }).split(" ")) {
          const scale = scales[word];
          if (scale === undefined) current += Number(word);
          else if (scale === 100) current *= 100;
          else [total, current] = [total + current * scale, 0];
        }
        expect(total + current).toBe(number);
      }),
    );
  });
});

describe("digits and letters", () => {
  it("says telephone numbers digit by digit, and leaves out what is no digit", () => {
    expect(say({ digits: "+49 (30) 1*#" })).toBe("letters/plus 4 9 3 0 1 star pound");
  });
  it("spells", () =>
    expect(say({ letters: "A1 b.é" })).toBe("letters/a 1 letters/space letters/b letters/dot"));
});

describe("dates", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  const on = (iso: string, timezone = "UTC") => say({ date: new Date(iso), timezone, now });
  it.each([
    ["2026-11-22T14:15:00Z", "today at 2 15 p-m"],
    ["2026-11-22T00:00:00Z", "today at 12 oclock a-m"],
    ["2026-11-21T23:05:00Z", "yesterday at 11 oh 5 p-m"],
    ["2026-11-18T09:30:00Z", "day-3 at 9 30 a-m"],
    ["2026-11-01T12:00:00Z", "day-0 mon-10 h-1 at 12 oclock p-m"],
    ["2026-09-22T12:00:00Z", "mon-8 20 h-2 at 12 oclock p-m"],
    ["2025-12-31T12:00:00Z", "mon-11 30 h-1 2 thousand 20 5 at 12 oclock p-m"],
    ["2005-06-03T12:00:00Z", "mon-5 h-3 2 thousand 5 at 12 oclock p-m"],
    ["1999-06-03T12:00:00Z", "mon-5 h-3 19 90 9 at 12 oclock p-m"],
    ["2027-01-01T12:00:00Z", "mon-0 h-1 2 thousand 20 7 at 12 oclock p-m"],
  ])("%s is said %s", (iso, said) => expect(on(iso)).toBe(said));

  it("are those of the listener's zone", () => {
    expect(on("2026-11-21T23:30:00Z", "Europe/Berlin")).toBe("today at 12 30 a-m");
    expect(on("2026-11-22T03:00:00Z", "America/New_York")).toBe("yesterday at 10 oclock p-m");
  });
  it("counts days, not hours, over a change of the clocks", () => {
    const after = new Date("2026-10-26T00:30:00Z");
    expect(say({ date: new Date("2026-10-24T22:30:00Z"), timezone: "Europe/Berlin", now: after })).toMatch(
      /^yesterday/,
    );
  });
});

describe("scripts", () => {
  it("become media in order: stock prompts, ours, pauses, files, a site's sounds", () => {
    const script = ["vm-youhave", "voxpost/problem", { silence: 500 }, { sound: "custom/hello" }] as const;
    expect(resolve(script, "en", urls).media).toEqual([
      "sound:vm-youhave",
      "sound:http://media/sounds/en/problem.wav",
      "sound:http://media/silence/500.wav",
      "sound:custom/hello",
    ]);
  });
  it("fall back to English where a language is not known, and to its language for a dialect", () => {
    expect(resolve(["voxpost/problem"], "xx", urls).media).toEqual([
      "sound:http://media/sounds/en/problem.wav",
    ]);
    expect(resolve(["voxpost/problem"], "en_GB", urls).media).toEqual([
      "sound:http://media/sounds/en/problem.wav",
    ]);
  });
  it("are a site's own where it has named one", () => {
    const site = {
      ...urls,
      siteSound: (prompt: string) => (prompt === "vm-login" ? "custom/login" : undefined),
    };
    expect(resolve(["vm-login", "vm-password"], "fr", site).media).toEqual([
      "sound:custom/login",
      "sound:vm-password",
    ]);
  });
  it("refuse a prompt that no table has", () => {
    expect(() => resolve(["vm-nonsense"], "en", urls)).toThrow(/vm-nonsense/);
  });
  it.each(["../../etc/passwd", "http://evil/x.wav", "a,b", "/abs"])(
    "do not play %s as a site's sound",
    (sound) => {
      expect(resolve([{ sound }], "en", urls).media).toEqual([]);
    },
  );
});

describe("tables", () => {
  it("tell the keys that a prompt speaks", () => {
    expect(spokenKeys("vm-opts")).toEqual({ "2": "folders", "3": "advanced", "0": "options" });
    expect(spokenKeys("vm-youhave")).toBeUndefined();
  });
  it("tell what is heard, also of numbers, days and media URIs", () => {
    expect(
      ["vm-youhave", "digits/h-22", "digits/mon-10", "digits/day-0", "letters/a"].map((key) => words(key)),
    ).toEqual(["you have", "22nd", "November", "Sunday", "A"]);
    expect(mediaWords("sound:vm-INBOX")).toBe("new");
    expect(mediaWords("sound:http://media/sounds/en/problem.wav")).toMatch(/^Sorry/);
    expect(mediaWords("sound:http://media/m/0123.wav")).toBe("(audio)");
  });
  it.each(ACTIONS)("have words for the action %s, for keys that are not the stock ones", (action) => {
    expect(isPrompt(actionPrompt(action))).toBe(true);
  });
  it.each(Object.entries(LANGUAGES))(
    "have a recording of every prompt of ours in %s",
    (name, { prompts }) => {
      const ours = Object.keys(prompts).filter((key) => prompts[key]?.ours);
      for (const key of ours) {
        const file = new URL(`../../sounds/${name}/${key.slice("voxpost/".length)}.wav`, import.meta.url);
        expect(existsSync(file), `${key}: run npx tsx sounds/make.ts`).toBe(true);
        const wav = readFileSync(file);
        expect([wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24)]).toEqual([1, 1, 8_000]);
        expect(wav.length).toBeGreaterThan(4_000);
      }
    },
  );
});
