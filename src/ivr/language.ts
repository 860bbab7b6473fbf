import type { DateTime } from "luxon";
import type { Counts } from "../model/folder.ts";
import type { Key } from "./phrase.ts";

/** What a key does, in the words that menus use for their actions; a prompt that speaks keys declares them so. */
export const ACTIONS = [
  ...["first", "folders", "advanced", "previous", "repeat", "next", "delete", "undelete", "forward", "save"],
  ...["options", "help", "exit", "reply", "callback", "envelope", "dialout", "send", "main", "cancel"],
  ...["operator", "accept", "review", "rerecord", "urgent", "nonurgent", "record", "erase", "extension"],
  ...["directory", "prepend", "asis", "unavailable", "busy", "name", "temporary", "pin", "othernumber"],
  ...["callnumber", "select", "other", "more", "trash", "top"],
] as const;

export type Action = (typeof ACTIONS)[number];

/** Key by key, what a prompt says that it does. */
export type SpokenKeys = Readonly<Partial<Record<Key, Action>>>;

interface Prompt {
  /** What is heard, in our own short wording: for transcripts, the phone guide and logs. */
  readonly words: string;
  /** Set when the prompt names keys: it may be used only where these keys do these things. */
  readonly keys?: SpokenKeys;
  /** Recorded by us (`sounds/<language>/`), because Asterisk's own sounds have nothing like it. */
  readonly ours?: true;
}

export type PromptTable = Readonly<Record<string, Prompt>>;

/**
 * One spoken language: its prompts and its grammar. The `say` functions return prompts or sounds of Asterisk in the order
 * in which they are heard; `sound:digits/…` only, because a list of ARI's `number:` and `digits:` cannot be stopped.
 */
export interface Language {
  readonly prompts: PromptTable;
  /** A whole number; fractions are cut off. */
  sayNumber(number: number): string[];
  /** Digit by digit, with `*`, `#` and `+`; anything else is left out. */
  sayDigits(digits: string): string[];
  sayLetters(text: string): string[];
  /** Day and time, both already in the zone that the listener lives in. */
  sayDate(date: DateTime, now: DateTime): string[];
  /** The day alone: "today", "Monday", "3rd of March". */
  sayDay(date: DateTime, now: DateTime): string[];
  /** Default: as numbers. */
  sayDayOfMonth?(day: number): string[];
  sayYear?(year: number): string[];
  /** Before an hour, minute or second below ten ("oh five"), and for none ("o'clock"). Default: nothing, and the number. */
  readonly zero?: string[];
  readonly none?: string[];
  /** "You have 2 urgent and 1 new message", or that there are none. */
  sayCounts(counts: Counts): string[];
  /** A folder by its prompt, as in "new messages". */
  sayFolder(prompt: string): string[];
  /** "5 minutes". */
  sayMinutes(minutes: number): string[];
  /** Words for a sound that is no prompt: numbers, letters, days. Undefined when unknown. */
  soundWords(sound: string): string | undefined;
}
