import { isCode } from "../errors.ts";
import { FOLDERS, type Folder } from "../model/folder.ts";
import type { Envelope } from "../model/message.ts";
import type { Entry, FindQuery, Ref } from "./engine.ts";

/**
 * What a search means, for all engines: those that filter themselves call this, those that let a server or a database
 * filter do so afterwards, because no two of them compare texts alike.
 */
export function matches(envelope: Envelope, query: FindQuery): boolean {
  const { id, receivedSince, receivedBefore, folders, caller, minDuration, maxDuration, heard, urgent } =
    query;
  return (
    (id === undefined || envelope.id === id) &&
    (receivedSince === undefined || envelope.receivedAt >= receivedSince) &&
    (receivedBefore === undefined || envelope.receivedAt < receivedBefore) &&
    (folders === undefined || folders.includes(envelope.folder)) &&
    (minDuration === undefined || envelope.duration >= minDuration) &&
    (maxDuration === undefined || envelope.duration <= maxDuration) &&
    (heard === undefined || envelope.heard === heard) &&
    (urgent === undefined || envelope.urgent === urgent) &&
    (caller === undefined || isCaller(envelope, caller))
  );
}

/** Whether the message's text has every word of the query; without words in the query, any text will do. */
export function matchesText(text: string | undefined, { words }: FindQuery): boolean {
  const folded = fold(text ?? "");
  return wordsOf(words).every((word) => folded.includes(word));
}

/** Where is looked. */
export function foldersOf({ folders }: FindQuery): readonly Folder[] {
  return folders === undefined ? FOLDERS : FOLDERS.filter((folder) => folders.includes(folder));
}

/** Those entries whose text has the words of the query; texts are read only when there are words in it. */
export async function withWords(
  entries: Entry[],
  query: FindQuery,
  readText: (ref: Ref) => Promise<string | undefined>,
): Promise<Entry[]> {
  if (wordsOf(query.words).length === 0) return entries;
  const found: Entry[] = [];
  for (const entry of entries) {
    try {
      if (matchesText(await readText(entry.ref), query)) found.push(entry);
    } catch (error) {
      // It went meanwhile.
      if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
    }
  }
  return found;
}

/** The words of a query, folded; each has to stand somewhere in the text, also within a longer word. */
export function wordsOf(words: string | undefined): string[] {
  return fold(words ?? "")
    .split(/\s+/)
    .filter(Boolean);
}

function isCaller({ caller }: Envelope, pattern: string): boolean {
  const test = toTest(pattern);
  return [caller.number, caller.name].some((text) => text !== undefined && test(fold(text)));
}

/** `*` stands for anything and `?` for one character; a pattern with neither is looked for within the text. */
function toTest(pattern: string): (text: string) => boolean {
  const wanted = fold(pattern);
  if (!isGlob(wanted)) return (text) => text.includes(wanted);
  const pieces = wanted.split("*").map((piece) => [...piece]);
  return (text) => matchesGlob([...text], pieces);
}

function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** Each piece at its first place, which is enough; no regular expression, whose time a hostile pattern could make endless. */
function matchesGlob(text: string[], pieces: string[][]): boolean {
  const first = pieces[0] ?? [];
  const last = pieces.at(-1) ?? [];
  if (pieces.length === 1) return text.length === first.length && stands(first, text, 0);
  const end = text.length - last.length;
  if (end < first.length || !stands(first, text, 0) || !stands(last, text, end)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    while (at + piece.length <= end && !stands(piece, text, at)) at++;
    if (at + piece.length > end) return false;
    at += piece.length;
  }
  return true;
}

function stands(piece: string[], text: string[], at: number): boolean {
  return piece.every((character, index) => character === "?" || character === text[at + index]);
}

/** Case and the two ways to write an accent do not count. */
function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
