import type { DateTime } from "luxon";
import type { Counts } from "../src/model/folder.ts";

/** What the languages share: the kinds of messages that a mailbox has, in app_voicemail's order. */
export function kindsOf(counts: Counts): { readonly prompt: string; readonly count: number }[] {
  return [
    { prompt: "vm-Urgent", count: counts.urgent },
    { prompt: "vm-INBOX", count: counts.new },
    { prompt: "vm-Old", count: counts.old },
  ].filter(({ count }) => count > 0);
}

/** "… and … and …". */
export function joinKinds(phrases: readonly (readonly string[])[]): string[] {
  return phrases.flatMap((phrase, index) => (index > 0 ? ["vm-and", ...phrase] : [...phrase]));
}

/** Whole days between two dates in their zone; negative when the date is in the future. */
export function daysAgo(date: DateTime, now: DateTime): number {
  return Math.round(now.startOf("day").diff(date.startOf("day"), "days").days);
}

export function sayWeekday(date: DateTime): string {
  return `digits/day-${date.weekday % 7}`;
}

/** Today, yesterday, or a weekday of the last week; undefined for any other day, which is said by its date. */
export function sayNearDay(date: DateTime, now: DateTime): string | undefined {
  const days = daysAgo(date, now);
  if (days === 0) return "digits/today";
  if (days === 1) return "digits/yesterday";
  return days > 1 && days < 7 ? sayWeekday(date) : undefined;
}
