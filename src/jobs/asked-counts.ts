import type { RedisCommander } from "ioredis";
import { Epoch } from "../custody/epoch.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";

export interface AskedCountsOptions {
  /** Its commands must be bounded, and fail at once while Redis is away. */
  readonly redis: RedisCommander;
  /** Asks once more; false, or an error, when Redis does not take it. */
  readonly ask: (mailbox: MailboxAddress) => Promise<boolean>;
  readonly log: Logger;
  /** How often Redis is looked at, milliseconds. Default 5,000. */
  readonly everyMs?: number;
  /** How long a mailbox is remembered while Redis is there, milliseconds. Default ten minutes: jobs wait for a mail server that is away. */
  readonly keptMs?: number;
}

/** As many mailboxes are remembered, the latest; the poll finds the others. */
const MOST = 10_000;

/**
 * Mailboxes whose counts this program has asked for of late. No recording stands behind such a job, so when Redis was away or has lost its data
 * they are asked for again; whoever knows the counts already is told nothing.
 */
export class AskedCounts {
  readonly #options: AskedCountsOptions;
  /** The time of the latest, milliseconds since 1970; the oldest first. */
  readonly #asked = new Map<string, { mailbox: MailboxAddress; at: number }>();
  readonly #timer: NodeJS.Timeout;
  readonly #epoch: Epoch;
  #isDoubtful = false;
  #isLooking = false;

  constructor(options: AskedCountsOptions) {
    this.#options = options;
    this.#epoch = new Epoch(options.redis);
    this.#timer = setInterval(() => void this.#look(), options.everyMs ?? 5_000).unref();
  }

  /** `taken`: Redis has a job of it. */
  note(mailbox: MailboxAddress, taken: boolean): void {
    this.#isDoubtful ||= !taken;
    const name = formatMailbox(mailbox);
    this.#asked.delete(name);
    this.#asked.set(name, { mailbox, at: Date.now() });
    if (this.#asked.size <= MOST) return;
    const [oldest = ""] = this.#asked.keys();
    this.#asked.delete(oldest);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { keptMs = 600_000, log } = this.#options;
    try {
      const isEmptied = await this.#epoch.hasEnded();
      this.#isDoubtful ||= isEmptied;
      if (this.#isDoubtful) {
        const asked = [...this.#asked.values()];
        if (asked.length > 0)
          log.info({ mailboxes: asked.length }, "Redis may have forgotten: counted again");
        this.#isDoubtful = false;
        for (const { mailbox } of asked) {
          if (!(await this.#options.ask(mailbox))) throw new Error("Redis is away again");
        }
      }
      const oldest = Date.now() - keptMs;
      for (const [name, { at }] of this.#asked) {
        if (at >= oldest) break;
        this.#asked.delete(name);
      }
    } catch {
      this.#isDoubtful = true;
    } finally {
      this.#isLooking = false;
    }
  }
}
