import { isCode } from "../../../errors.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import type { Entry } from "../../engine.ts";
import { placeOf, throwIfEnding, wordsOf } from "../report.ts";
import { findMessage, otherAudio } from "../verified.ts";
import { walk } from "../walk.ts";
import { sameAudio, weighMessage } from "../weigh.ts";
import { copyMessage, isSame } from "./copy.ts";
import { migrateGreetings } from "./greetings.ts";
import type { MailboxJournal, MessageLine } from "./journal.ts";
import type { Migration } from "./migrate.ts";
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
  for (const line of journal.messages.values()) {
    if (!seen.has(line.id)) tally.add(await followRemoval(migration, mailbox, line, journal));
  }
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
    await copyMessage({ from, to }, entry, signal);
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
  { from, to, dryRun, signal }: Migration,
  entry: Entry,
  known: MessageLine | undefined,
): Promise<Entry | undefined> {
  const stored = await findMessage(to, entry.ref.mailbox, entry.envelope, signal);
  const isVerified = known !== undefined && known.state !== "copying";
  if (!stored || isVerified || (await isSame({ from, to }, entry, stored, signal))) return stored;
  if (!known) throw otherAudio(entry.envelope);
  if (!dryRun) await to.remove(stored.ref, signal);
  return undefined;
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

/**
 * A message that this run has copied and that is gone from FROM: an owner purged it there, so it goes to the trash of
 * TO. What an earlier run copied is left: FROM may have been given up and emptied.
 */
async function followRemoval(
  migration: Migration,
  mailbox: MailboxAddress,
  line: MessageLine,
  journal: MailboxJournal,
): Promise<"same" | "changed"> {
  const { from, to, run, dryRun, signal } = migration;
  if (line.run !== run || line.state !== "copied" || dryRun) return "same";
  if ((await from.find(mailbox, { id: line.id }, signal)).length > 0) return "changed";
  const [stored] = await to.find(mailbox, { id: line.id }, signal);
  if (stored && stored.ref.folder !== "Trash") await to.move(stored.ref, "Trash", signal);
  await journal.putMessage({ ...line, state: "gone" });
  return "changed";
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
