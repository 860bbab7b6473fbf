import type { Counts, Folder, View } from "../../model/folder.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { MessageId } from "../../model/message.ts";
import type { Engine, Entry, FindQuery, ListQuery, Page } from "../engine.ts";
import { matches } from "../match.ts";
import { countViews } from "../view.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { outer } from "./keys.ts";
import { Reader, type Source } from "./reader.ts";

/** Longest page that is asked of an engine inside; a cursor holds no more ids than this for each. */
const LARGEST = 100;

/**
 * One page of several engines' folders read as one, in the order of time; messages of one time are in the order of the
 * engines. A message that two of them have is shown once, as the first has it. Costs a page or two of each engine.
 */
export async function listUnion(
  sources: readonly Source[],
  mailbox: MailboxAddress,
  folder: Folder,
  { view, limit, after }: ListQuery,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const cursor = decodeCursor(after, sources.length);
  const listing = { mailbox, folder, view, size: Math.min(limit, LARGEST), signal };
  const readers = sources.map(
    (source, at) => new Reader(source, listing, cursor.places[at] ?? { taken: [] }, cursor.at),
  );
  await Promise.all(readers.map((reader) => reader.open()));

  const seen = new Set<MessageId>([...cursor.same, ...cursor.places.flatMap(({ taken }) => taken)]);
  const entries: Entry[] = [];
  let next = earliest(readers);
  for (; next; next = earliest(readers)) {
    const isDouble = seen.has(next.entry.envelope.id);
    if (!isDouble && entries.length === limit) break;
    if (!isDouble) entries.push(outer(next.at, next.entry));
    seen.add(next.entry.envelope.id);
    await readers[next.at]?.take();
  }

  const totals = sources.map(async (source, at) =>
    source.show
      ? totalOf(await countSource(source, mailbox, folder, signal), view)
      : (readers[at]?.total ?? 0),
  );
  const total = (await Promise.all(totals)).reduce((sum, each) => sum + each, 0);
  const last = entries.at(-1)?.envelope.receivedAt.getTime();
  if (!next || last === undefined) return { entries, total };
  const ofThatTime = entries.filter(({ envelope }) => envelope.receivedAt.getTime() === last);
  const same = [...(cursor.at === last ? cursor.same : []), ...ofThatTime.map(({ envelope }) => envelope.id)];
  return {
    entries,
    total,
    next: encodeCursor({ at: last, same, places: readers.map(({ place }) => place) }),
  };
}

/** Whose next entry is the oldest; of several, the first engine's. */
function earliest(readers: readonly Reader[]): { at: number; entry: Entry } | undefined {
  let best: { at: number; entry: Entry } | undefined;
  for (const [at, { head: entry }] of readers.entries()) {
    if (entry && (!best || entry.envelope.receivedAt < best.entry.envelope.receivedAt)) best = { at, entry };
  }
  return best;
}

export async function countUnion(
  sources: readonly Source[],
  mailbox: MailboxAddress,
  folder: Folder,
  signal: AbortSignal | undefined,
): Promise<Counts> {
  const counts = await Promise.all(sources.map((source) => countSource(source, mailbox, folder, signal)));
  const sum = (view: keyof Counts) => counts.reduce((total, each) => total + each[view], 0);
  return { urgent: sum("urgent"), new: sum("new"), old: sum("old") };
}

/** Messages of all engines by id or time; one that two of them have is found once, as the first has it. */
export async function findUnion(
  sources: readonly Source[],
  mailbox: MailboxAddress,
  query: FindQuery,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const found = await Promise.all(sources.map((source) => findIn(source, mailbox, query, signal)));
  const seen = new Set<MessageId>();
  return found.flatMap((entries, at) => {
    const shown = entries.filter(({ envelope }) => !seen.has(envelope.id));
    for (const { envelope } of shown) seen.add(envelope.id);
    return shown.map((entry) => outer(at, entry));
  });
}

/** Where flags or folders are shown otherwise than the engine has them, it cannot search for them. */
async function findIn(
  { engine, show }: Source,
  mailbox: MailboxAddress,
  query: FindQuery,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  if (!show) return engine.find(mailbox, query, signal);
  const { heard: _, urgent: __, ...rest } = query;
  const entries = await engine.find(mailbox, rest, signal);
  return entries.flatMap((entry) => show(entry) ?? []).filter(({ envelope }) => matches(envelope, query));
}

/** What an engine itself counts is known cheaply; where something is hidden or changed, every envelope is looked at. */
async function countSource(
  { engine, show }: Source,
  mailbox: MailboxAddress,
  folder: Folder,
  signal: AbortSignal | undefined,
): Promise<Counts> {
  if (!show) return engine.count(mailbox, folder, signal);
  const flags = [];
  for await (const entry of walk(engine, mailbox, folder, signal)) {
    const shown = show(entry);
    if (shown) flags.push(shown.envelope);
  }
  return countViews(flags);
}

function totalOf(counts: Counts, view: View): number {
  return view === "all" ? counts.urgent + counts.new + counts.old : counts[view];
}

/** Every message of a folder, oldest first, in pages that bound the memory. */
export async function* walk(
  engine: Engine,
  mailbox: MailboxAddress,
  folder: Folder,
  signal?: AbortSignal,
): AsyncGenerator<Entry> {
  let after: string | undefined;
  do {
    const query = { view: "all", limit: 500, ...(after === undefined ? {} : { after }) } as const;
    const page = await engine.list(mailbox, folder, query, signal);
    yield* page.entries;
    after = page.next;
  } while (after !== undefined);
}
