import type { Transaction } from "kysely";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { PartKind } from "../../../model/message.ts";
import { claim, PART, type PartRow, type Staged } from "./audio.ts";
import type { Db, Mailbox } from "./database.ts";
import { idOf } from "./listing.ts";
import type { Schema } from "./schema.ts";

export function findGreeting(
  db: Db,
  mailbox: MailboxAddress,
  kind: GreetingKind,
): Promise<PartRow | undefined> {
  return db
    .selectFrom("greetings")
    .innerJoin("parts", "parts.id", "greetings.part")
    .where("greetings.mailbox", "=", idOf(db, mailbox))
    .where("greetings.kind", "=", kind)
    .select(PART)
    .$narrowType<{ kind: PartKind }>()
    .executeTakeFirst();
}

/** The new one is in force, and the old one gone, at the end of the transaction. */
export async function replaceGreeting(
  transaction: Transaction<Schema>,
  mailbox: Mailbox,
  kind: GreetingKind,
  staged: readonly Staged[],
): Promise<void> {
  await dropGreeting(transaction, mailbox, kind);
  await claim(transaction, staged, null);
  const rows = staged.map(({ id }) => ({ mailbox: mailbox.id, kind, part: id }));
  await transaction.insertInto("greetings").values(rows).execute();
}

export async function dropGreeting(
  transaction: Transaction<Schema>,
  mailbox: Mailbox,
  kind: GreetingKind,
): Promise<void> {
  const dropped = await transaction
    .deleteFrom("greetings")
    .where("mailbox", "=", mailbox.id)
    .where("kind", "=", kind)
    .returning("part")
    .executeTakeFirst();
  if (dropped) await transaction.deleteFrom("parts").where("id", "=", dropped.part).execute();
}
