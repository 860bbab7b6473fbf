import { setTimeout as wait } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Counts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Refreshed, Snapshots } from "./snapshot.ts";

/** Several programs poll the same mailboxes; what one finds the others learn from it. */
export interface PollTurns {
  /**
   * Whether it is for this program to ask the store; then it is for no other, for so long. `anyway`: it is, whoever asked lately.
   * Never rejects.
   */
  take(mailbox: MailboxAddress, forMs: number, anyway: boolean): Promise<boolean>;
  /** It was not asked after all. Never rejects. */
  giveBack(mailbox: MailboxAddress): Promise<void>;
  /**
   * Whether all turns were lost since this was last asked, and with them what lamps and listeners were told; false at first.
   * Never rejects.
   */
  areForgotten(): Promise<boolean>;
}

export interface SnapshotPollParts {
  readonly snapshots: Snapshots;
  /** Asked anew for every round. */
  readonly mailboxes: () => Iterable<MailboxAddress>;
  /** Told what the store says of each mailbox, whether or not it is new: a lamp may have missed it. */
  readonly onCounts?: (mailbox: MailboxAddress, counts: Counts) => Promise<void>;
  /** Default: this program is alone. */
  readonly turns?: PollTurns;
  readonly log: Logger;
  /** Pause between two rounds, milliseconds. Default 15 minutes: so stale may be what nobody told us of. */
  readonly everyMs?: number;
  /** How often it is looked whether turns were forgotten, which begins a round at once, milliseconds. Default 5,000. */
  readonly lookMs?: number;
  /** Before a round that began so goes on where the store went away, milliseconds. Default 30,000. */
  readonly againMs?: number;
}

const FIFTEEN_MINUTES = 15 * 60 * 1000;
/** Greetings are many questions, and others seldom change them. */
const GREETINGS_MS = 24 * 60 * 60 * 1000;

/**
 * Refreshes every mailbox's snapshot, one after the other, at once and then again and again: for the greetings that were
 * there before this program was, and for the changes that no event tells. In the first round it asks for all of it, because nobody
 * may have been there before; later ones it shares with other programs, but for greetings, which are read once a day. Returns the
 * way to stop.
 */
export function pollSnapshots(parts: SnapshotPollParts): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  let greetingsAt: number | undefined;
  const rounds = async () => {
    const { everyMs = FIFTEEN_MINUTES, againMs = 30_000 } = parts;
    let isOwed = false;
    await parts.turns?.areForgotten();
    while (!signal.aborted) {
      const isFirst = greetingsAt === undefined;
      const isDue = greetingsAt === undefined || performance.now() - greetingsAt >= GREETINGS_MS;
      const isWhole = await pollOnce(parts, { due: isDue ? "all" : "messages", isFirst }, signal);
      if (isDue && isWhole) greetingsAt = performance.now();
      isOwed &&= !isWhole;
      const isForgotten = await pause(parts, isOwed ? Math.min(againMs, everyMs) : everyMs, signal);
      isOwed ||= isForgotten;
    }
  };
  rounds().catch((error: unknown) => {
    if (!signal.aborted) parts.log.error({ err: error }, "Snapshots are no longer polled");
  });
  return () => stopping.abort();
}

/**
 * Until the next round. True when it comes early: with the turns it is forgotten what was told of each mailbox, and who knew it may
 * have died since.
 */
async function pause(parts: SnapshotPollParts, everyMs: number, signal: AbortSignal): Promise<boolean> {
  const { turns, lookMs = 5_000, log } = parts;
  const end = performance.now() + everyMs;
  for (let left = everyMs; left > 0; left = end - performance.now()) {
    await wait(Math.min(left, lookMs), undefined, { signal, ref: false });
    if (!(await turns?.areForgotten())) continue;
    log.info("Redis has lost its data: every mailbox is looked at again");
    return true;
  }
  return false;
}

interface Round {
  readonly due: Refreshed;
  readonly isFirst: boolean;
}

/** False when it was broken off. */
async function pollOnce(parts: SnapshotPollParts, { due, isFirst }: Round, signal: AbortSignal) {
  const { snapshots, mailboxes, onCounts, turns, log, everyMs = FIFTEEN_MINUTES } = parts;
  for (const mailbox of mailboxes()) {
    if (signal.aborted) return false;
    const isOurs = (await turns?.take(mailbox, everyMs, isFirst)) ?? true;
    if (!isOurs && due !== "all") continue;
    try {
      const { counts } = await snapshots.refresh(mailbox, signal, isOurs ? due : "greetings");
      if (isOurs && counts) await onCounts?.(mailbox, counts);
    } catch (error) {
      if (isOurs) await turns?.giveBack(mailbox);
      if (signal.aborted) return false;
      log.warn({ err: error, mailbox: formatMailbox(mailbox) }, "A mailbox could not be polled");
      // A store that is away is away for all; the next round is soon enough.
      if (error instanceof VoxpostError && error.retryable) return false;
    }
  }
  return true;
}
