import type { Folder } from "../../../model/folder.ts";
import type { Entry, ListQuery, Page, Ref } from "../../engine.ts";
import { decodeEnvelope } from "../../mime/decode.ts";
import { READ_HEADERS } from "../../mime/headers.ts";
import { inView, pageOf } from "../../view.ts";
import { type Box, type Census, flagsOf, isOf, storedAt } from "./census.ts";
import type { Connection } from "./connection.ts";
import { toRange } from "./search.ts";

/**
 * Up to this many voice messages in a folder are put into the order of their calls, for which the envelopes of a whole view are
 * fetched; more are listed in the order in which the server received them, so that the cost of a page stays that of a page.
 * app_voicemail allows 100 by default.
 */
const ORDERED_UP_TO = 100;

/**
 * One page of a folder of which the census is known; the folder is selected on the connection. One question. A cursor stays good
 * when the folder grows from the one kind to the other, or shrinks: the UID is in both.
 */
export async function fetchPage(
  connection: Connection,
  { messages }: Census,
  where: { box: Box; folder: Folder },
  query: ListQuery,
): Promise<Page> {
  const viewed = messages.filter((message) => inView(message, query.view));
  const { after = "" } = query;
  const uidAfter = Number(after.slice(-UID_DIGITS));
  if (messages.length <= ORDERED_UP_TO) {
    const entries = await fetchEntries(connection, viewed, where);
    const placed = entries.map((entry) => ({ entry, ...entry.envelope, key: placeOf(entry) }));
    const last = after.length === UID_DIGITS && placed.find(({ entry }) => uidOf(entry.ref) === uidAfter);
    const { shown, ...rest } = pageOf(placed, last ? { ...query, after: last.key } : query);
    return { entries: shown.map(({ entry }) => entry), ...rest };
  }
  const left = viewed.filter(({ uid }) => uid > uidAfter);
  const shown = left.slice(0, query.limit);
  const entries = await fetchEntries(connection, shown, where);
  return {
    entries: entries.filter(({ envelope }) => inView(envelope, query.view)),
    total: viewed.length,
    ...(shown.length < left.length ? { next: arrivalOf(shown.at(-1)?.uid ?? 0) } : {}),
  };
}

/** Digits of the largest UID. */
const UID_DIGITS = 10;

/** Sorts by the time of the call, then arrival. */
function placeOf({ ref, envelope }: Entry): string {
  return `${envelope.receivedAt.toISOString()}-${arrivalOf(uidOf(ref))}`;
}

function arrivalOf(uid: number): string {
  return String(uid).padStart(UID_DIGITS, "0");
}

/** Envelopes from headers alone; PEEK, so that no flag changes. `messages` ascend, and so do the entries. */
export async function fetchEntries(
  connection: Connection,
  messages: readonly { readonly uid: number }[],
  { box, folder }: { box: Box; folder: Folder },
): Promise<Entry[]> {
  const { mailbox: selected } = connection.client;
  if (messages.length === 0 || !selected) return [];
  const range = toRange(messages.map(({ uid }) => uid));
  const query = { flags: true, internalDate: true, headers: [...READ_HEADERS] };
  const mails = await connection.fetch("the messages cannot be listed", range, query);
  // A mail that was removed at this very moment comes without its headers.
  const there = mails.filter((mail) => Buffer.isBuffer(mail.headers));
  const ours = box.shared ? there.filter((mail) => isOf(mail, box.mailbox)) : there;
  ours.sort((a, b) => a.uid - b.uid); // a server may answer in any order
  return ours.map((mail) => ({
    ref: { mailbox: box.mailbox, folder, key: uidKey(selected.uidValidity, mail.uid) },
    envelope: decodeEnvelope(mail.headers ?? Buffer.alloc(0), {
      mailbox: box.mailbox,
      folder,
      storedAt: storedAt(mail),
      ...flagsOf(mail),
    }),
  }));
}

/** A UID alone means nothing once the folder was made anew. */
export function uidKey(uidValidity: bigint, uid: number): string {
  return `${uidValidity}.${uid}`;
}

/** The UID of a key; NaN for what is no key of ours. */
export function uidOf({ key }: Pick<Ref, "key">): number {
  return Number(key.split(".")[1]);
}
