import type { Call } from "../ivr/call.ts";
import type { Counts } from "../model/folder.ts";
import { sameMailbox } from "../model/mailbox.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { Store } from "../storage/store.ts";
import { Listing } from "./listing.ts";
import { NEW, OLD, type Place, URGENT } from "./place.ts";
import { STORE_WAIT, within } from "./wait.ts";

/** Older than this, what was read ahead is read again: a mail client may have changed it. Milliseconds. */
const FRESH = 10_000;

export interface FirstLook {
  readonly counts: Counts;
  /** The folder with which the owner begins; its first page is here or on its way. */
  readonly listing: Listing;
}

/**
 * What an owner hears first, read while the PIN is being entered, so that a right PIN is answered at once. Envelopes only, kept
 * in memory only; audio waits for the PIN.
 */
export class ReadAhead {
  readonly #owner: Subscriber;
  readonly #look: Promise<FirstLook>;
  readonly #stopFollowing: () => void;
  readonly #begunAt = performance.now();
  #isStale = false;

  constructor(store: Store, owner: Subscriber, call: Pick<Call, "signal">) {
    this.#owner = owner;
    this.#stopFollowing = store.onChange((mailbox) => {
      if (sameMailbox(mailbox, owner.address)) this.#isStale = true;
    });
    this.#look = firstLook(store, owner, call);
    this.#look.catch(() => undefined);
  }

  isOf({ address }: Subscriber): boolean {
    return sameMailbox(address, this.#owner.address);
  }

  /** Undefined when it failed, or may not be true any more. */
  async take(): Promise<FirstLook | undefined> {
    const look = await this.#look.catch(() => undefined);
    this.end();
    return this.#isStale || performance.now() - this.#begunAt > FRESH ? undefined : look;
  }

  end(): void {
    this.#stopFollowing();
  }
}

/**
 * Counts the inbox, and begins to fetch the first page of the folder with which app_voicemail starts: urgent, else new, else old
 * messages. @throws STORE_…, CALL_GONE
 */
export async function firstLook(
  store: Store,
  { address }: Subscriber,
  { signal }: Pick<Call, "signal">,
): Promise<FirstLook> {
  const counts = await countInbox(store, address, signal);
  const listing = new Listing(store, address, startPlace(counts));
  // A failure is told to whoever wants a message.
  listing.open(signal).catch(() => undefined);
  return { counts, listing };
}

/** @throws STORE_…, CALL_GONE */
export function countInbox(
  store: Store,
  address: Subscriber["address"],
  signal: AbortSignal,
): Promise<Counts> {
  return within(STORE_WAIT, "Counting messages", (inner) => store.counts(address, "INBOX", inner), signal);
}

function startPlace(counts: Counts): Place {
  if (counts.urgent > 0) return URGENT;
  if (counts.new > 0) return NEW;
  return counts.old > 0 ? OLD : URGENT;
}
