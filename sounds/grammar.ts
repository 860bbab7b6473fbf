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
