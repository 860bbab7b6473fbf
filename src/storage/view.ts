import type { Counts, View } from "../model/folder.ts";
import type { Flags } from "../model/message.ts";
import type { ListQuery } from "./engine.ts";

/** New, Old and Urgent are views on one folder; which message is in which is decided here, for all engines. */
export function inView(flags: Flags, view: View): boolean {
  return view === "all" || view === viewOf(flags);
}

function viewOf(flags: Flags): keyof Counts {
  if (flags.heard) return "old";
  return flags.urgent ? "urgent" : "new";
}

export function countViews(messages: Iterable<Flags>): Counts {
  const counts = { urgent: 0, new: 0, old: 0 };
  for (const flags of messages) counts[viewOf(flags)]++;
  return counts;
}

/** A message in a folder, as cheaply as an engine knows it: its key is a text that sorts by time of the call, then arrival. */
export interface Placed extends Flags {
  readonly key: string;
}

/**
 * One page of a folder whose engine knows all keys and flags cheaply. A cursor is the key of the last entry shown, so
 * it means the same place when that entry, or any other, has come or gone meanwhile.
 */
export function pageOf<T extends Placed>(
  messages: readonly T[],
  query: ListQuery,
): { shown: T[]; total: number; next?: string } {
  const visible = messages.filter((message) => inView(message, query.view)).sort(byKey);
  const after = query.after;
  const rest = after === undefined ? visible : visible.filter((message) => message.key > after);
  const shown = rest.slice(0, query.limit);
  const last = shown.at(-1);
  return { shown, total: visible.length, ...(last && shown.length < rest.length ? { next: last.key } : {}) };
}

/** By code unit, never by language: a key is the same text in every locale. */
function byKey(a: Placed, b: Placed): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
