import { type SqlBool, sql } from "kysely";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { PartKind } from "../../../model/message.ts";
import type { Entry, FindQuery, ListQuery, Page, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { foldersOf, matches, matchesText } from "../../match.ts";
import { PART, type PartRow } from "./audio.ts";
import type { Db } from "./database.ts";
import { arrivalOf, ENVELOPE, toEntry } from "./rows.ts";
import { EXTRAS } from "./schema.ts";
import { fromStored } from "./text.ts";

/** Everything that is answered from the indexes of messages; audio is in other tables. */

export async function countMessages(db: Db, mailbox: MailboxAddress, folder: Folder): Promise<Counts> {
  const rows = await messagesOf(db, mailbox)
    .where("folder", "=", folder)
    .groupBy("view")
    .select(["view", (row) => row.fn.countAll<number>().as("count")])
    .execute();
  const counts = { urgent: 0, new: 0, old: 0 };
  for (const { view, count } of rows) counts[view] = count;
  return counts;
}

export async function listMessages(
  db: Db,
  mailbox: MailboxAddress,
  folder: Folder,
  { view, limit, after }: ListQuery,
): Promise<Page> {
  const page = messagesOf(db, mailbox)
    .where("folder", "=", folder)
    .$if(view !== "all", (query) => query.where("view", "=", view === "all" ? "new" : view))
    .$if(after !== undefined, (query) => query.where(laterThan(parseCursor(after ?? ""))))
    .orderBy("received_at")
    .orderBy("arrival")
    .select(ENVELOPE)
    // One more tells whether there is a next page.
    .limit(limit + 1);
  const [counts, rows] = await Promise.all([countMessages(db, mailbox, folder), page.execute()]);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    entries: shown.map((row) => toEntry(mailbox, row)),
    total: view === "all" ? counts.urgent + counts.new + counts.old : counts[view],
    ...(last && rows.length > limit ? { next: `${last.received_at}-${last.arrival}` } : {}),
  };
}

/** What is text is compared here, as no two databases compare text alike. */
export async function findMessages(db: Db, mailbox: MailboxAddress, query: FindQuery): Promise<Entry[]> {
  const { id, receivedSince, receivedBefore, folders, minDuration, maxDuration, heard, urgent } = query;
  if (folders?.length === 0) return [];
  let rows = messagesOf(db, mailbox);
  if (id !== undefined) rows = rows.where("message_id", "=", id);
  if (receivedSince) rows = rows.where("received_at", ">=", receivedSince.getTime());
  if (receivedBefore) rows = rows.where("received_at", "<", receivedBefore.getTime());
  if (folders) rows = rows.where("folder", "in", foldersOf(query));
  if (minDuration !== undefined) rows = rows.where("duration", ">=", minDuration);
  if (maxDuration !== undefined) rows = rows.where("duration", "<=", maxDuration);
  if (heard !== undefined) rows = rows.where("heard", "=", Number(heard));
  if (urgent !== undefined) rows = rows.where("urgent", "=", Number(urgent));
  // In no order: asked for one, SQLite walks the mailbox by time rather than look up an id and sort what it finds.
  const found = await rows
    .select(ENVELOPE)
    .$if(query.words !== undefined, (envelopes) => envelopes.select("text"))
    .execute();
  return found
    .filter(({ text }) => matchesText(text ? fromStored(text) : "", query))
    .map((row) => toEntry(mailbox, row))
    .filter(({ envelope }) => matches(envelope, query));
}

/** The audio parts as they are heard; undefined when there is no such message. */
export async function findParts(db: Db, ref: Ref): Promise<PartRow[] | undefined> {
  const message = messageAt(db, ref).select("messages.id");
  const parts = await db
    .selectFrom("parts")
    .where("message", "=", message)
    .where("kind", "!=", EXTRAS)
    .orderBy("position")
    .select(PART)
    .$narrowType<{ kind: PartKind }>()
    .execute();
  if (parts.length > 0) return parts;
  return (await message.executeTakeFirst()) && [];
}

/** @throws MESSAGE_UNKNOWN */
export async function findText(db: Db, ref: Ref): Promise<string | undefined> {
  const row = await messageAt(db, ref).select("text").executeTakeFirst();
  if (!row) throw messageUnknown(ref);
  return row.text === null ? undefined : fromStored(row.text);
}

/** The part that holds a message's extras; undefined when it has none. @throws MESSAGE_UNKNOWN */
export async function findExtras(db: Db, ref: Ref): Promise<Pick<PartRow, "id" | "bytes"> | undefined> {
  const message = messageAt(db, ref).select("messages.id");
  const part = await db
    .selectFrom("parts")
    .where("message", "=", message)
    .where("kind", "=", EXTRAS)
    .select(["id", "bytes"])
    .executeTakeFirst();
  if (!part && !(await message.executeTakeFirst())) throw messageUnknown(ref);
  return part;
}

/** One page of the mailboxes that have something, by `mailboxes.id`. */
export function listMailboxes(db: Db, after: number, limit: number) {
  return db
    .selectFrom("mailboxes")
    .where("id", ">", after)
    .where(({ exists, or, selectFrom, ref }) => {
      const holds = (table: "messages" | "greetings") =>
        exists(
          selectFrom(table).select(`${table}.mailbox`).where(`${table}.mailbox`, "=", ref("mailboxes.id")),
        );
      return or([holds("messages"), holds("greetings")]);
    })
    .orderBy("id")
    .limit(limit)
    .select(["id", "context", "mailbox"])
    .execute();
}

/** Audio of all the mailbox's messages. */
export async function usedBytes(db: Db, { context, mailbox }: MailboxAddress): Promise<number> {
  const row = await db
    .selectFrom("mailboxes")
    .select("bytes")
    .where("context", "=", context)
    .where("mailbox", "=", mailbox)
    .executeTakeFirst();
  return row?.bytes ?? 0;
}

/** `mailboxes.id` as part of a query: one question to the server instead of two. */
export function idOf(db: Db, { context, mailbox }: MailboxAddress) {
  return db
    .selectFrom("mailboxes")
    .select("mailboxes.id")
    .where("mailboxes.context", "=", context)
    .where("mailboxes.mailbox", "=", mailbox);
}

function messagesOf(db: Db, mailbox: MailboxAddress) {
  return db.selectFrom("messages").where("messages.mailbox", "=", idOf(db, mailbox));
}

function messageAt(db: Db, ref: Ref) {
  return messagesOf(db, ref.mailbox).where("folder", "=", ref.folder).where("arrival", "=", arrivalOf(ref));
}

interface Place {
  readonly receivedAt: number;
  readonly arrival: number;
}

function laterThan({ receivedAt, arrival }: Place) {
  return sql<SqlBool>`(received_at, arrival) > (${receivedAt}, ${arrival})`;
}

/** The place of the last entry shown. A cursor that we did not make is the end of every folder. */
function parseCursor(text: string): Place {
  const [, receivedAt, arrival] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  return { receivedAt: Number(receivedAt ?? 1e15), arrival: Number(arrival ?? 0) };
}
