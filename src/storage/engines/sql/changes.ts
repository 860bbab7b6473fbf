import type { Transaction } from "kysely";
import { VoxpostError } from "../../../errors.ts";
import type { Folder } from "../../../model/folder.ts";
import { formatMailbox } from "../../../model/mailbox.ts";
import type { Flags, NewMessage } from "../../../model/message.ts";
import type { Entry, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { claim, type Staged } from "./audio.ts";
import type { Mailbox } from "./database.ts";
import { arrivalOf, toRow } from "./rows.ts";
import type { Schema } from "./schema.ts";

/** Each runs inside `Database.change`: in one transaction that has its mailbox to itself. */

type Write = Transaction<Schema>;

interface Arrival {
  readonly folder: Folder;
  readonly message: NewMessage;
  readonly staged: readonly Staged[];
  readonly maxBytes: number | undefined;
}

/** A message becomes visible, with its audio, at the end of the transaction. @throws STORE_FULL */
export async function insertMessage(
  transaction: Write,
  mailbox: Mailbox,
  { folder, message, staged, maxBytes }: Arrival,
): Promise<Entry> {
  const bytes = staged.reduce((sum, part) => sum + part.bytes, 0);
  if (maxBytes !== undefined && mailbox.bytes + bytes > maxBytes) {
    const name = formatMailbox(message.mailbox);
    throw new VoxpostError("STORE_FULL", `${name} is full: remove messages, or raise max_bytes`);
  }
  const arrival = mailbox.version;
  const { id } = await transaction
    .insertInto("messages")
    .values({ ...toRow(message), mailbox: mailbox.id, folder, arrival, bytes })
    .returning("id")
    .executeTakeFirstOrThrow();
  await claim(transaction, staged, id);
  await weigh(transaction, mailbox, bytes);
  const { audio: _, text: __, extras: ___, ...envelope } = message;
  return {
    ref: { mailbox: message.mailbox, folder, key: String(arrival) },
    envelope: { ...envelope, folder, receivedAt: new Date(message.receivedAt) },
  };
}

/** @throws MESSAGE_UNKNOWN */
export async function setFlags(
  transaction: Write,
  mailbox: Mailbox,
  ref: Ref,
  { heard, urgent }: Partial<Flags>,
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable("messages")
    .set((row) => ({
      heard: heard === undefined ? row.ref("heard") : Number(heard),
      urgent: urgent === undefined ? row.ref("urgent") : Number(urgent),
    }))
    .where((row) => row.and(placeOf(mailbox, ref)))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw messageUnknown(ref);
}

/** @throws MESSAGE_UNKNOWN */
export async function moveMessage(transaction: Write, mailbox: Mailbox, ref: Ref, to: Folder): Promise<Ref> {
  const { numUpdatedRows } = await transaction
    .updateTable("messages")
    .set({ folder: to, arrival: mailbox.version })
    .where((row) => row.and(placeOf(mailbox, ref)))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw messageUnknown(ref);
  return { mailbox: ref.mailbox, folder: to, key: String(mailbox.version) };
}

/** Its audio goes with it. */
export async function removeMessage(transaction: Write, mailbox: Mailbox, ref: Ref): Promise<void> {
  const removed = await transaction
    .deleteFrom("messages")
    .where((row) => row.and(placeOf(mailbox, ref)))
    .returning("bytes")
    .executeTakeFirst();
  if (removed) await weigh(transaction, mailbox, -removed.bytes);
}

function placeOf(mailbox: Mailbox, ref: Ref) {
  return { mailbox: mailbox.id, folder: ref.folder, arrival: arrivalOf(ref) };
}

async function weigh(transaction: Write, mailbox: Mailbox, bytes: number): Promise<void> {
  await transaction
    .updateTable("mailboxes")
    .set({ bytes: mailbox.bytes + bytes })
    .where("id", "=", mailbox.id)
    .execute();
}
