import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Database } from "./database.ts";

interface Poll {
  readonly database: Database;
  readonly mailbox: MailboxAddress;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
  readonly pollMs: number;
}

/** Compares the mailbox's version again and again: one search by index, in SQLite a matter of microseconds. */
export async function pollMailbox({ database, mailbox, onChange, signal, pollMs }: Poll): Promise<void> {
  let known = await versionOf(database, mailbox, signal);
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const version = await versionOf(database, mailbox, signal);
      if (version !== known && !signal.aborted) onChange();
      known = version;
    } catch {
      // Whoever uses the store is told; this goes on until it is back.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), pollMs).unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  if (signal.aborted) clearInterval(timer);
}

async function versionOf(
  database: Database,
  { context, mailbox }: MailboxAddress,
  signal: AbortSignal,
): Promise<number> {
  const row = await database.run(signal, (db) =>
    db
      .selectFrom("mailboxes")
      .select("version")
      .where("context", "=", context)
      .where("mailbox", "=", mailbox)
      .executeTakeFirst(),
  );
  return row?.version ?? 0;
}
