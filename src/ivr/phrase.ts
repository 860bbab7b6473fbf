import type { Counts } from "../model/folder.ts";

/**
 * What is said to a caller, before language and sound files: menus speak in phrases, `prompts.ts` turns them into
 * sounds for the call's language.
 */
export type Phrase =
  /** A prompt by key, such as `vm-youhave`; the tables in `sounds/` say which keys exist. */
  | string
  | { readonly number: number }
  /** "You have 2 new messages". */
  | { readonly counts: Counts }
  /** "new messages", by the folder's prompt. */
  | { readonly folder: string }
  /** "5 minutes". */
  | { readonly minutes: number }
  /** Each digit on its own: mailbox and telephone numbers. */
  | { readonly digits: string }
  /** Spelled, letter by letter. */
  | { readonly letters: string }
  /** Day and time as a person would say them at `now` (today, yesterday, Monday, …), in an IANA time zone; or by a format (date-format.ts). */
  | { readonly date: Date; readonly timezone: string; readonly now?: Date; readonly format?: string }
  /** A pause, in milliseconds; a key ends it like any prompt. */
  | { readonly silence: number }
  /** An audio file on this machine (a greeting), served to Asterisk. */
  | { readonly file: string; readonly contentType: string }
  /** A recording on the disk of the call's own Asterisk, by its name (custody/name.ts). */
  | { readonly recording: string }
  /** A sound of the site's own, as Asterisk names it (`custom/beep`); skipped when it does not exist. */
  | { readonly sound: string };

export type Script = readonly Phrase[];

export const KEYS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "A", "B", "C", "D"] as const;
export type Key = (typeof KEYS)[number];
