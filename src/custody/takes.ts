import type { MessageId } from "../model/message.ts";
import { parseName, type RecordingName } from "./name.ts";

/** A recording on Asterisk's disk: its name as text and what the name tells. */
export interface Recording {
  readonly text: string;
  readonly name: RecordingName;
}

/** All recordings of one message: they share the id. */
export interface RecordedMessage {
  readonly id: MessageId;
  /** Still to be delivered; the highest take first. Empty when everything was set aside. */
  readonly takes: readonly Take[];
  /** Copies that wait for an administrator. */
  readonly failed: readonly Recording[];
  readonly all: readonly Recording[];
}

/** One attempt of the caller to say it. */
export interface Take {
  readonly number: number;
  /** In the order in which they were spoken. */
  readonly parts: readonly Part[];
}

/**
 * One stretch of speech. It lies under two names only after a death in the midst of renaming, which is a copy and then a removal: the
 * copy may be incomplete, so the longer one is whole. Of two equal ones the first counts.
 */
export interface Part {
  readonly number: number;
  readonly copies: readonly [Recording, ...Recording[]];
}

/** Sorts a listing into messages. `foreign` are the names that are not ours to touch. */
export function groupRecordings(listing: Iterable<string>): {
  messages: RecordedMessage[];
  foreign: string[];
} {
  const recordings: Recording[] = [];
  const foreign: string[] = [];
  for (const text of listing) {
    const name = tryParse(text);
    if (name) recordings.push({ text, name });
    else foreign.push(text);
  }
  return { messages: groupBy(recordings, ({ name }) => name.id).map(toMessage), foreign };
}

/** One message of a listing. A backlog has thousands of others, and reading all their names for each would take seconds. */
export function findMessage(listing: readonly string[], id: MessageId): RecordedMessage | undefined {
  const { messages } = groupRecordings(listing.filter((text) => text.includes(id)));
  return messages.find((message) => message.id === id);
}

/** The names of a take for a job: one of each part, in order. */
export function takeNames(take: Take): string[] {
  return take.parts.map((part) => part.copies[0].text);
}

function tryParse(text: string): RecordingName | undefined {
  try {
    return parseName(text);
  } catch {
    return undefined;
  }
}

function toMessage(all: Some<Recording>): RecordedMessage {
  const pending = all.filter(({ name }) => name.state !== "failed");
  const takes = groupBy(pending, ({ name }) => name.take).map(toTake);
  return {
    id: all[0].name.id,
    takes: takes.sort((a, b) => b.number - a.number),
    failed: all.filter(({ name }) => name.state === "failed"),
    all,
  };
}

function toTake(recordings: Some<Recording>): Take {
  const parts = groupBy(recordings, ({ name }) => name.part).map(
    (copies): Part => ({ number: copies[0].name.part, copies: copies.sort(byTrust) }),
  );
  return { number: recordings[0].name.take, parts: parts.sort((a, b) => a.number - b.number) };
}

/** Accepted before not yet accepted; urgent before not, since too early is better heard than too late. */
function byTrust(a: Recording, b: Recording): number {
  const rank = ({ name }: Recording) => (name.state === "deposit" ? 0 : 2) + (name.urgent ? 0 : 1);
  return rank(a) - rank(b) || (a.text < b.text ? -1 : 1);
}

type Some<T> = [T, ...T[]];

function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): Some<T>[] {
  const groups = new Map<K, Some<T>>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}
