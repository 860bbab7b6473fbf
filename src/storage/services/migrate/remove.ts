import { isCode } from "../../../errors.ts";
import { GREETINGS } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import { compareEntries, findMessage, otherMessage } from "../../carry/copy.ts";
import { greetingDigest } from "../../carry/greetings.ts";
import { placeOf, throwIfEnding, wordsOf } from "../report.ts";
import { forEach, walk } from "../walk.ts";
import type { MailboxJournal } from "./journal.ts";
import type { MigrateOptions, Migration } from "./migrate.ts";

/** Takes away from FROM what TO has: each is read from both once more, and only what is the same goes. */
export async function removeMigrated(
  { journal, mailboxes, atOnce = 4 }: MigrateOptions,
  migration: Migration,
): Promise<number> {
  const { from, report, signal } = migration;
  let removed = 0;
  await forEach(mailboxes(from, signal), atOnce, async (mailbox) => {
    const onRemoved = () => report.progress({ phase: "removing", mailbox, done: ++removed });
    try {
      await removeMessages(migration, mailbox, await journal.mailbox(mailbox), onRemoved);
      await removeGreetings(migration, mailbox);
    } catch (error) {
      throwIfEnding(error, signal);
      report.finding({ kind: "fault", where: formatMailbox(mailbox), what: wordsOf(error) });
    }
  });
  return removed;
}

async function removeMessages(
  { from, to, report, run, signal }: Migration,
  mailbox: MailboxAddress,
  journal: MailboxJournal,
  onRemoved: () => void,
): Promise<void> {
  for await (const entry of walk(from, mailbox, { signal })) {
    try {
      const stored = await findMessage(to, mailbox, entry.envelope, signal);
      // It came since the last pass; the next run brings it.
      if (!stored) continue;
      const missing = await compareEntries(from, entry, to, stored, signal);
      if (missing.length > 0) throw otherMessage(entry.envelope, missing);
      const { id, heard, urgent } = entry.envelope;
      await journal.putMessage({ id, state: "removed", folder: entry.ref.folder, heard, urgent, run });
      await from.remove(entry.ref, signal);
      onRemoved();
    } catch (error) {
      throwIfEnding(error, signal);
      if (isCode(error, "MESSAGE_UNKNOWN")) continue;
      report.finding({ kind: "fault", where: placeOf(entry), what: `is not removed: ${wordsOf(error)}` });
    }
  }
}

async function removeGreetings({ from, to, signal }: Migration, mailbox: MailboxAddress): Promise<void> {
  for (const kind of GREETINGS) {
    const there = await greetingDigest(to, mailbox, kind, signal);
    if (there === undefined || there !== (await greetingDigest(from, mailbox, kind, signal))) continue;
    await from.removeGreeting?.(mailbox, kind, signal);
  }
}
