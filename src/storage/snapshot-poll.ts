import { setTimeout as wait } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Counts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Refreshed, Snapshots } from "./snapshot.ts";

export interface SnapshotPollParts {
  readonly snapshots: Snapshots;
  /** Asked anew for every round. */
  readonly mailboxes: () => Iterable<MailboxAddress>;
  /** Told what the store says of each mailbox, whether or not it is new: a lamp may have missed it. */
  readonly onCounts?: (mailbox: MailboxAddress, counts: Counts) => Promise<void>;
  readonly log: Logger;
  /** Pause between two rounds, milliseconds. Default 15 minutes: so stale may be what nobody told us of. */
  readonly everyMs?: number;
}

const FIFTEEN_MINUTES = 15 * 60 * 1000;
/** Greetings are many questions, and others seldom change them. */
const GREETINGS_MS = 24 * 60 * 60 * 1000;

/**
 * Refreshes every mailbox's snapshot, one after the other, at once and then again and again: for the greetings that were
 * there before this program was, and for the changes that no event tells. Greetings are read in the first round, and then once a
 * day. Returns the way to stop.
 */
export function pollSnapshots(parts: SnapshotPollParts): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  let greetingsAt = Number.NEGATIVE_INFINITY;
  const rounds = async () => {
    while (!signal.aborted) {
      const isDue = performance.now() - greetingsAt >= GREETINGS_MS;
      const isWhole = await pollOnce(parts, isDue ? "all" : "messages", signal);
      if (isDue && isWhole) greetingsAt = performance.now();
      await wait(parts.everyMs ?? FIFTEEN_MINUTES, undefined, { signal, ref: false });
    }
  };
  rounds().catch((error: unknown) => {
    if (!signal.aborted) parts.log.error({ err: error }, "Snapshots are no longer polled");
  });
  return () => stopping.abort();
}

/** False when it was broken off. */
async function pollOnce(parts: SnapshotPollParts, what: Refreshed, signal: AbortSignal): Promise<boolean> {
  const { snapshots, mailboxes, onCounts, log } = parts;
  for (const mailbox of mailboxes()) {
    if (signal.aborted) return false;
    try {
      const { counts } = await snapshots.refresh(mailbox, signal, what);
      if (counts) await onCounts?.(mailbox, counts);
    } catch (error) {
      if (signal.aborted) return false;
      log.warn({ err: error, mailbox: formatMailbox(mailbox) }, "A mailbox could not be polled");
      // A store that is away is away for all; the next round is soon enough.
      if (error instanceof VoxpostError && error.retryable) return false;
    }
  }
  return true;
}
