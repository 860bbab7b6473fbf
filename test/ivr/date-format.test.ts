import { describe, expect, it } from "vitest";
import { isDateFormat } from "../../src/ivr/date-format.ts";
import { resolve } from "../../src/ivr/prompts.ts";

const urls = {
  ourSound: () => "http://media/sound.wav",
  silence: () => "http://media/silence.wav",
  publish: (path: string) => ({ url: path, withdraw: async () => {} }),
};

/** A Tuesday, five past two in the afternoon in Berlin. */
const DATE = new Date("2026-11-03T13:05:09Z");
const NOW = new Date("2026-11-22T12:00:00Z");

function say(format: string, language = "en", date = DATE): string {
  const { media } = resolve([{ date, now: NOW, timezone: "Europe/Berlin", format }], language, urls);
  return media.map((uri) => uri.replace(/^sound:(digits\/)?/, "")).join(" ");
}

describe("a site's own format of dates", () => {
  it.each([
    ["'vm-received' Q 'digits/at' IMp", "en", "vm-received day-2 mon-10 h-3 at 2 oh 5 p-m"],
    ["ABdY", "en", "day-2 mon-10 h-3 2 thousand 20 6"],
    ["'custom/on' a d b", "en", "custom/on day-2 h-3 mon-10"],
    ["R", "en", "14 oh 5"],
    ["T", "en", "14 oh 5 oh 9"],
    ["HM", "fr", "14 5"],
    ["A d B", "fr", "day-2 3 mon-10"],
    ["d B Y", "ru", "h-3 mon-10 2 thousand 20 6"],
    ["k N S P", "es", "14 5 9 p-m"],
  ])("%s in %s", (format, language, said) => expect(say(format, language)).toBe(said));

  it("has words for a full hour and for midnight in English", () => {
    expect(say("IMp", "en", new Date("2026-11-02T23:00:00Z"))).toBe("12 oclock a-m");
    expect(say("HM", "en", new Date("2026-11-03T07:00:00Z"))).toBe("oh 8 oclock");
  });

  it.each(["", "  ", "Q %", "x", "'vm-received", "'../etc passwd'", "AZ"])("is not %j", (format) => {
    expect(isDateFormat(format)).toBe(false);
  });
});
