import type { Ledger } from "../custody/ledger.ts";
import type { Locks } from "../custody/lock.ts";
import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { NewMessage } from "../model/message.ts";
import { follow } from "../storage/signals.ts";
import type { Store } from "../storage/store.ts";
import type { Enqueue } from "./enqueue.ts";
import type { Refusal } from "./settle.ts";

export interface DeliverDeps {
  readonly store: Pick<Store, "deposit">;
  readonly locks: Locks;
  readonly ledger: Ledger;
  readonly enqueue: Pick<Enqueue, "mwi">;
  /** Has the owner told of a stored message. May be asked again. Default: nobody is. @throws QUEUE_UNREACHABLE */
  readonly announce?: (message: NewMessage, forwardedBy?: MailboxAddress) => Promise<void>;
  readonly log: Logger;
}

export interface Attempt {
  readonly signal: AbortSignal;
  /** Nobody has tried to deliver these messages before. Default: somebody may have. */
  readonly untried?: boolean | undefined;
  /** Whoever sends them on. */
  readonly forwardedBy?: MailboxAddress | undefined;
  /** Since when they are to be delivered, milliseconds since 1970. Default: the call. */
  readonly since?: number | undefined;
}

/**
 * Stores messages once each, one after the other, so that a full or unreachable mailbox keeps nobody else from theirs.
 * @returns who refused theirs for good
 * @throws VoxpostError whatever kept somebody from getting theirs that may be over later
 */
export async function deliverAll(
  messages: readonly NewMessage[],
  deps: DeliverDeps,
  attempt: Attempt,
): Promise<Refusal[]> {
  const refused: Refusal[] = [];
  const later: unknown[] = [];
  for (const message of messages) {
    const { mailbox } = message;
    try {
      await deliver(message, deps, attempt);
    } catch (error) {
      if (isFinal(error) || isHopeless(error, attempt.since ?? message.receivedAt.getTime()))
        refused.push({ mailbox, error });
      else {
        deps.log.warn({ err: error, mailbox: formatMailbox(mailbox) }, "not delivered yet");
        later.push(error);
      }
    }
  }
  if (later.length > 0) throw later[0];
  return refused;
}

async function deliver(message: NewMessage, deps: DeliverDeps, attempt: Attempt): Promise<void> {
  const { id, mailbox } = message;
  const { signal, untried, forwardedBy } = attempt;
  await deps.locks.hold(id, async (held) => {
    if (!(await deps.ledger.has(id))) {
      const { controller, release } = follow(signal, held);
      try {
        const { existed } = await deps.store.deposit(message, controller.signal, { untried });
        await deps.ledger.add(id);
        deps.log.info({ id, mailbox: formatMailbox(mailbox), existed }, "delivered");
      } finally {
        release();
      }
    }
  });
  // Also when it was delivered before: whoever did it may have died before this line.
  await deps.enqueue.mwi(mailbox);
  await deps.announce?.(message, forwardedBy);
}

/**
 * A store that has refused a message for so long refuses it for good, whatever it says: an administrator is to know of it, and can
 * have it tried again. Milliseconds since the call, or since it was sent on.
 */
const REFUSED_MS = 3 * 86_400_000;

function isHopeless(error: unknown, since: number): error is VoxpostError {
  return isCode(error, "STORE_REFUSED") && Date.now() - since > REFUSED_MS;
}

/** Trying again cannot help. A fault of our own is tried again: the next version may not have it. */
function isFinal(error: unknown): error is VoxpostError {
  return error instanceof VoxpostError && !error.retryable && !isCode(error, "ABORTED", "INTERNAL");
}
