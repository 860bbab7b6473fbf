import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import { isMailDateFormat, localeOf, mailDate } from "../../src/notices/mail-date.ts";

const WHEN = new Date("2026-03-05T07:04:09Z");
const BERLIN = { timezone: "Europe/Berlin", locale: "en-US" };
/** Since its version of 2024, ICU puts a narrow no-break space before AM. */
const said = (format: string | undefined, manner = BERLIN) =>
  mailDate(WHEN, { ...manner, format }).replace(/\s/gu, (blank) => (blank === "\n" ? blank : " "));

describe("dates in mails", () => {
  test.each([
    ["%A, %B %d, %Y at %r", "Thursday, March 05, 2026 at 08:04:09 AM"],
    ["%a %e. %b %y, %k:%M", "Thu  5. Mar 26,  8:04"],
    ["%-d.%-m. %R", "5.3. 08:04"],
    ["%F %T %z", "2026-03-05 08:04:09 +0100"],
    ["%D %I:%M %p %P", "03/05/26 08:04 AM am"],
    ["%C %j %V %u %w %s 100%%", "20 064 10 4 4 1772694249 100%"],
    ["no letters", "no letters"],
  ])("%s", (format, text) => {
    expect(isMailDateFormat(format)).toBe(true);
    expect(said(format)).toBe(text);
  });

  test.each(["%Q", "%", "100% sure", "%5d"])("refuse %s", (format) => {
    expect(isMailDateFormat(format)).toBe(false);
  });

  test("are in the owner's language and time zone, in full where no format is given", () => {
    expect(said(undefined)).toBe("Thursday, March 5, 2026 at 8:04 AM");
    expect(said("%A, %-d. %B", { ...BERLIN, locale: "de" })).toBe("Donnerstag, 5. März");
    expect(said(undefined, { timezone: "Asia/Vladivostok", locale: "ru" })).toContain("5 марта 2026");
    expect(said("%H", { timezone: "Asia/Vladivostok", locale: "ru" })).toBe(
      DateTime.fromJSDate(WHEN, { zone: "Asia/Vladivostok" }).toFormat("HH"),
    );
  });

  test("languages are known by the names that systems give them", () => {
    expect(["de_DE.UTF-8", "pt_BR", "en-GB", "ru"].map(localeOf)).toEqual(["de-DE", "pt-BR", "en-GB", "ru"]);
    expect(["C", "", "klingon", "../x"].map(localeOf)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
