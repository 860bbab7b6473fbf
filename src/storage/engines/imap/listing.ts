import type { Folder } from "../../../model/folder.ts";
import type { Entry, ListQuery, Page, Ref } from "../../engine.ts";
import { decodeEnvelope } from "../../mime/decode.ts";
import { READ_HEADERS } from "../../mime/headers.ts";
import { inView, pageOf } from "../../view.ts";
import { type Box, type Census, flagsOf, isOf, storedAt } from "./census.ts";
import type { Connection } from "./connection.ts";
import { toRange } from "./search.ts";

/** One page of a folder of which the census is known; the folder is selected on the connection. One question. */
export async function fetchPage(
  connection: Connection,
  census: Census,
  where: { box: Box; folder: Folder },
  query: ListQuery,
): Promise<Page> {
  // A cursor of a small folder stays good when it grows into a large one: there only its last part, the UID, is compared.
  const isOrdered = census.messages[0]?.key.includes("-") ?? false;
  const after = isOrdered || query.after === undefined ? query.after : query.after.slice(-10);
  const { shown, ...rest } = pageOf(census.messages, { ...query, ...(after === undefined ? {} : { after }) });
  const entries = await fetchEntries(
    connection,
    shown.map(({ uid }) => uid),
    where,
  );
  const order = new Map(shown.map(({ uid }, index) => [uidKey(census.uidValidity, uid), index]));
  const timeOf = ({ envelope }: Entry) => (isOrdered ? envelope.receivedAt.getTime() : 0);
  const placeOf = ({ ref }: Entry) => order.get(ref.key) ?? 0;
  entries.sort((a, b) => timeOf(a) - timeOf(b) || placeOf(a) - placeOf(b));
  return { entries: entries.filter(({ envelope }) => inView(envelope, query.view)), ...rest };
}

/** Envelopes from headers alone; PEEK, so that no flag changes. In the order of their UIDs. */
export async function fetchEntries(
  connection: Connection,
  uids: readonly number[],
  { box, folder }: { box: Box; folder: Folder },
): Promise<Entry[]> {
  const { mailbox: selected } = connection.client;
  if (uids.length === 0 || !selected) return [];
  const range = toRange([...uids].sort((a, b) => a - b));
  const query = { flags: true, internalDate: true, headers: [...READ_HEADERS] };
  const mails = await connection.fetch("the messages cannot be listed", range, query);
  // A mail that was removed at this very moment comes without its headers.
  const there = mails.filter((mail) => Buffer.isBuffer(mail.headers));
  const ours = box.shared ? there.filter((mail) => isOf(mail, box.mailbox)) : there;
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
