import { GREETINGS, type GreetingKind } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import { copyGreeting, greetingDigest } from "../../carry/greetings.ts";
import type { MailboxJournal } from "./journal.ts";
import type { Migration } from "./migrate.ts";

/** Brings a mailbox's greetings over, those that changed since the last time; resolves to how many. */
export async function migrateGreetings(
  migration: Migration,
  mailbox: MailboxAddress,
  journal: MailboxJournal,
): Promise<number> {
  if (!migration.from.capabilities.greetings) return 0;
  let changed = 0;
  for (const kind of GREETINGS) changed += Number(await migrateGreeting(migration, mailbox, kind, journal));
  return changed;
}

async function migrateGreeting(
  migration: Migration,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  journal: MailboxJournal,
): Promise<boolean> {
  const { from, to, report, dryRun, run, signal } = migration;
  const now = await greetingDigest(from, mailbox, kind, signal);
  const before = journal.greetings.get(kind);
  if (now === undefined) return removeToo(migration, mailbox, kind, journal);
  if (now === before?.sha256) return false;
  const where = `${formatMailbox(mailbox)} greeting "${kind}"`;
  if (!to.writeGreeting) {
    report.finding({ kind: "fault", where, what: `${to.name} keeps no greetings` });
    return false;
  }
  const there = await greetingDigest(to, mailbox, kind, signal);
  const isOthers = there !== undefined && there !== now && !before && !migration.overwriteGreetings;
  if (isOthers) {
    const what = "FROM and TO have different ones; TO's is left as it is (--overwrite-greetings replaces it)";
    report.finding({ kind: "note", where, what });
  }
  if (dryRun) return there !== now && !isOthers;
  if (there !== now && !isOthers) await copyGreeting(from, mailbox, kind, to, signal);
  await journal.putGreeting({ greeting: kind, sha256: now, run });
  return there !== now && !isOthers;
}

/** An owner removed it in FROM during this run; what is gone longer may be gone because FROM was given up. */
async function removeToo(
  { to, dryRun, run, signal }: Migration,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  journal: MailboxJournal,
): Promise<boolean> {
  const before = journal.greetings.get(kind);
  if (!before || before.sha256 === null || before.run !== run) return false;
  if (dryRun) return true;
  const there = await greetingDigest(to, mailbox, kind, signal);
  if (there === before.sha256) await to.removeGreeting?.(mailbox, kind, signal);
  await journal.putGreeting({ greeting: kind, sha256: null, run });
  return true;
}
