import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";

/** Remembers failed logins across calls, so that a PIN cannot be guessed by calling again. */
export interface LoginLimiter {
  /** Milliseconds until this mailbox may be tried from this number again; 0 is now. */
  blockedFor(mailbox: MailboxAddress, number: string | undefined): Promise<number>;
  failed(mailbox: MailboxAddress, number: string | undefined): Promise<void>;
  succeeded(mailbox: MailboxAddress, number: string | undefined): Promise<void>;
}

/** What happened at a login, for counters: the log tells the rest. */
export type LoginEvent = "login-succeeded" | "login-failed" | "login-locked";

/** So many failures cost nothing: people mistype. */
const FREE = 5;
const FIRST_BLOCK = 10_000;
/** Short for a mailbox, or anybody could lock its owner out; long for a caller. Milliseconds. */
const LONGEST = { mailbox: 120_000, caller: 3_600_000 };
/** Forgotten after this long without a failure, milliseconds. */
export const MEMORY = 24 * 3_600_000;
/** Oldest entries go first beyond this, so that an attack costs no memory. */
const MOST_ENTRIES = 10_000;

interface Failures {
  count: number;
  until: number;
  last: number;
}

/** Per mailbox and per caller's number, in this program's memory; each failure beyond the free ones doubles the block. */
export class MemoryLoginLimiter implements LoginLimiter {
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async blockedFor(mailbox: MailboxAddress, number: string | undefined): Promise<number> {
    const now = this.#now();
    const until = keys(mailbox, number).map(([key]) => this.#failures.get(key)?.until ?? 0);
    return Math.max(0, ...until.map((time) => time - now));
  }

  async failed(mailbox: MailboxAddress, number: string | undefined): Promise<void> {
    const now = this.#now();
    for (const [key, longest] of keys(mailbox, number)) {
      const before = this.#failures.get(key);
      const count = before && now - before.last < MEMORY ? before.count + 1 : 1;
      const block = blockAfter(count, longest);
      this.#failures.delete(key);
      this.#failures.set(key, { count, until: now + block, last: now });
    }
    for (const key of this.#failures.keys()) {
      if (this.#failures.size <= MOST_ENTRIES) break;
      this.#failures.delete(key);
    }
  }

  /** Clears the mailbox only: a caller who guesses at many mailboxes does not start anew with each success at their own. */
  async succeeded(mailbox: MailboxAddress, _number: string | undefined): Promise<void> {
    this.#failures.delete(formatMailbox(mailbox));
  }
}

/** How long nobody may try after so many failures in a row, milliseconds. */
export function blockAfter(count: number, longest: number): number {
  return count > FREE ? Math.min(FIRST_BLOCK * 2 ** (count - FREE - 1), longest) : 0;
}

/** Who is counted, and the longest block of each. */
export function keys(mailbox: MailboxAddress, number: string | undefined): [string, number][] {
  const box: [string, number] = [formatMailbox(mailbox), LONGEST.mailbox];
  return number ? [box, [`caller ${number}`, LONGEST.caller]] : [box];
}
