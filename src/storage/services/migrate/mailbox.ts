import { isCode } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import { EXTRAS, TEXT } from "../../carry/compare.ts";
import { compareEntries, copyMessage, findMessage, otherMessage } from "../../carry/copy.ts";
import { sameAudio, weighMessage } from "../../carry/weigh.ts";
import type { Entry } from "../../engine.ts";
import { placeOf, throwIfEnding, wordsOf } from "../report.ts";
import { walk } from "../walk.ts";
import { migrateGreetings } from "./greetings.ts";
import type { MailboxJournal, MessageLine } from "./journal.ts";
import type { Migration } from "./migrate.ts";
import { followRemovals } from "./purged.ts";
import { Tally } from "./tally.ts";

/** One look at a mailbox: what is new in FROM is copied, and what changed there since is changed in TO. */
export async function migrateMailbox(
  migration: Migration,
  mailbox: MailboxAddress,
  journal: MailboxJournal,
  onMessage: () => void,
): Promise<Tally> {
  const { from, report, signal } = migration;
  const tally = new Tally();
  const seen = new Set<MessageId>();
  for await (const entry of walk(from, mailbox, { signal })) {
    onMessage();
    const { id } = entry.envelope;
    try {
      if (seen.has(id)) await checkDouble(migration, entry);
      else tally.add(await migrateMessage(migration, entry, journal));
    } catch (error) {
      throwIfEnding(error, signal);
      // Moved or removed at this moment: the next pass sees where it is.
      if (isCode(error, "MAILBOX_UNKNOWN")) throw error;
      if (isCode(error, "MESSAGE_UNKNOWN")) tally.add("changed");
      else {
        tally.fail(error);
        report.finding({ kind: "fault", where: placeOf(entry), what: wordsOf(error) });
      }
    }
    seen.add(id);
  }
  tally.add("changed", await followRemovals(migration, mailbox, journal, seen));
  tally.add("changed", await migrateGreetings(migration, mailbox, journal));
  return tally;
}

async function migrateMessage(
  migration: Migration,
  entry: Entry,
  journal: MailboxJournal,
): Promise<"same" | "copied" | "changed"> {
  const { from, to, dryRun, signal } = migration;
  const known = journal.messages.get(entry.envelope.id);
  if (known && known.state !== "copying" && isAsKnown(entry, known)) return "same";
  const stored = await findSame(migration, entry, known);
  if (dryRun) return stored ? (known ? "changed" : "same") : "copied";
  if (!stored) {
    await journal.putMessage(lineOf(migration, entry, "copying"));
    const { lost } = await copyMessage(from, entry, to, entry.ref.folder, { signal, mayLose: true });
    noteLoss(migration, lost);
    await journal.putMessage(lineOf(migration, entry, "copied"));
    return "copied";
  }
  // Without a line of ours it was in TO before: an owner may have heard it there since, so it stays as it is.
  if (known) await bringTo(migration, entry, stored);
  await journal.putMessage(lineOf(migration, entry, known ? "copied" : "kept"));
  return "changed";
}

/** What TO has of a message. Half a copy that a killed run left is taken away, to be made anew. */
async function findSame(
  migration: Migration,
  entry: Entry,
  known: MessageLine | undefined,
): Promise<Entry | undefined> {
  const { from, to, dryRun, signal } = migration;
  const stored = await findMessage(to, entry.ref.mailbox, entry.envelope, signal);
  if (!stored || (known && known.state !== "copying")) return stored;
  const missing = await compareEntries(from, entry, to, stored, signal);
  if (missing.length === 0) return stored;
  if (known) {
    if (!dryRun) await to.remove(stored.ref, signal);
    return undefined;
  }
  if (missing.some((what) => what !== TEXT && what !== EXTRAS)) throw otherMessage(entry.envelope, missing);
  const what = `was in TO before, without the ${missing.join(" and ")} that it has in FROM; it is left as it is`;
  migration.report.finding({ kind: "note", where: placeOf(entry), what });
  return stored;
}

function noteLoss({ to, report }: Migration, lost: readonly string[]): void {
  for (const what of lost) {
    report.finding({ kind: "note", where: to.name, what: `has no place for the ${what}; they stay in FROM` });
  }
}

/** Folder and flags as they are in FROM. */
async function bringTo({ to, signal }: Migration, entry: Entry, stored: Entry): Promise<void> {
  const { heard, urgent } = entry.envelope;
  let { ref } = stored;
  if (ref.folder !== entry.ref.folder) ref = await to.move(ref, entry.ref.folder, signal);
  if (stored.envelope.heard !== heard || stored.envelope.urgent !== urgent) {
    await to.setFlags(ref, { heard, urgent }, signal);
  }
}

/** The same message twice is copied once. Two that share an id by mistake are never taken for one. */
async function checkDouble({ from, report, signal }: Migration, entry: Entry): Promise<void> {
  const [one, ...others] = await from.find(entry.ref.mailbox, { id: entry.envelope.id }, signal);
  if (!one || others.length === 0) return;
  const weight = await weighMessage(from, one.ref, signal);
  for (const other of others) {
    const same = sameAudio(weight, await weighMessage(from, other.ref, signal));
    const what = same
      ? "is in FROM twice; it is copied once"
      : "has the id of another message and is not copied: export it with `voxpost storage cat`, or give it another id";
    report.finding({ kind: same ? "note" : "fault", where: placeOf(other), what });
  }
}

function isAsKnown({ ref, envelope }: Entry, known: MessageLine): boolean {
  return ref.folder === known.folder && envelope.heard === known.heard && envelope.urgent === known.urgent;
}

function lineOf({ run }: Migration, { ref, envelope }: Entry, state: MessageLine["state"]): MessageLine {
  const { id, heard, urgent } = envelope;
  return { id, state, folder: ref.folder, heard, urgent, run };
}
