import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import type { MailboxJournal, MessageLine } from "./journal.ts";
import type { Migration } from "./migrate.ts";

/**
 * Messages that were copied, and that are gone from FROM: an owner purged them there, so they go to the trash of TO. Resolves
 * to how many were in motion. `seen` are those that FROM has.
 *
 * What an earlier run copied was perhaps purged in its very last moment, when nobody looked any more. It follows now if that
 * can be told from a store that was given up: FROM must still have others of the mailbox that were copied, and in TO
 * nobody has touched it since.
 */
export async function followRemovals(
  migration: Migration,
  mailbox: MailboxAddress,
  journal: MailboxJournal,
  seen: ReadonlySet<MessageId>,
): Promise<number> {
  if (migration.dryRun) return 0;
  const lines = [...journal.messages.values()];
  const gone = lines.filter(({ id, state }) => !seen.has(id) && (state === "copied" || state === "copying"));
  const isInUse = journal.followsEarlier && lines.some(({ id }) => seen.has(id));
  let changed = 0;
  let left = 0;
  for (const line of gone) {
    const isOurs = line.run === migration.run;
    if (isOurs || isInUse) changed += Number(await followRemoval(migration, mailbox, line, journal));
    else left++;
  }
  if (left > 0) {
    const what = `${left} messages that were copied are no longer in FROM; whether their owner purged them cannot be told, so they stay in TO`;
    migration.report.finding({ kind: "note", where: formatMailbox(mailbox), what });
  }
  return changed;
}

async function followRemoval(
  { from, to, run, signal }: Migration,
  mailbox: MailboxAddress,
  line: MessageLine,
  journal: MailboxJournal,
): Promise<boolean> {
  // Moved while the folders were walked: the next pass sees where it is.
  if ((await from.find(mailbox, { id: line.id }, signal)).length > 0) return true;
  const [stored] = await to.find(mailbox, { id: line.id }, signal);
  const { heard, urgent } = line;
  const isUntouched =
    stored?.ref.folder === line.folder &&
    stored.envelope.heard === heard &&
    stored.envelope.urgent === urgent;
  if (stored && stored.ref.folder !== "Trash" && (line.run === run || isUntouched)) {
    await to.move(stored.ref, "Trash", signal);
  }
  await journal.putMessage({ ...line, state: "gone" });
  return true;
}
