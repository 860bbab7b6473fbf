import type { MailboxAddress } from "../model/mailbox.ts";
import type { SavedSnapshot } from "./snapshot-files.ts";

/** What one program found to have changed, for the others that keep a snapshot of the same mailbox. */
export interface SnapshotNews {
  readonly mailbox: MailboxAddress;
  /** As they are now; the others need not ask the store. */
  readonly messages?: Pick<SavedSnapshot, "messagesAt" | "counts" | "quotaReached">;
  /** They are others now: each program reads them itself. */
  readonly greetings?: true;
}

/** Who has not asked for so long is told what is unchanged too: it believes for an hour only that a mailbox is full. */
const TOLD_AGAIN_MS = 10 * 60_000;

/** Undefined when nothing is new. */
export function newsOf(
  mailbox: MailboxAddress,
  before: SavedSnapshot,
  after: SavedSnapshot,
): SnapshotNews | undefined {
  const { messagesAt, counts, quotaReached } = after;
  const messages = { messagesAt, ...(counts ? { counts } : {}), quotaReached };
  const isOld = messagesAt - before.messagesAt >= TOLD_AGAIN_MS;
  const hasMessages = isOld || quotaReached !== before.quotaReached || !isEqual(counts, before.counts);
  const hasGreetings = !isEqual(after.greetings, before.greetings);
  if (!hasMessages && !hasGreetings) return undefined;
  return {
    mailbox,
    ...(hasMessages ? { messages } : {}),
    ...(hasGreetings ? { greetings: true } : {}),
  };
}

function isEqual(a: object | undefined, b: object | undefined): boolean {
  const sorted = (value: object | undefined) => JSON.stringify(Object.entries(value ?? {}).sort());
  return sorted(a) === sorted(b);
}
