import type { RedisCommander } from "ioredis";
import type { Logger } from "../log.ts";
import type { MessageId } from "../model/message.ts";

/** Longer than any recording waits for its store. */
const KEPT_DAYS = 30;
const KEPT_MS = KEPT_DAYS * 86_400_000;

/**
 * Which messages a store has acknowledged. It saves searches and no message depends on it: whoever finds no entry asks the
 * store, so a Redis that was emptied, or is away, costs time only. The same of mails about them (jobs/mailed.ts), which a mail
 * server cannot be asked for: one may come twice then. An entry outlives the message, so that what an owner has
 * purged does not come back.
 */
export class Ledger {
  readonly #redis: RedisCommander | undefined;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Message ids with the end of their entry, oldest first. */
  readonly #memory = new Map<MessageId, number>();

  constructor(options: { redis: RedisCommander | undefined; log: Logger; now?: () => number }) {
    this.#redis = options.redis;
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
  }

  /** The id is the mailbox's own (`messageId` in name.ts). */
  async has(id: MessageId): Promise<boolean> {
    if ((this.#memory.get(id) ?? 0) > this.#now()) return true;
    const count = await this.#redis?.exists(key(id)).catch((error: unknown) => {
      this.#log.warn({ err: error, id }, "Redis is away: the store is asked instead of the ledger");
    });
    return count === 1;
  }

  async add(id: MessageId): Promise<void> {
    this.#remember(id);
    await this.#redis?.set(key(id), "1", "PX", KEPT_MS).catch((error: unknown) => {
      this.#log.warn({ err: error, id }, "Redis is away: the delivery is in this process's ledger only");
    });
  }

  #remember(id: MessageId): void {
    const now = this.#now();
    this.#memory.set(id, now + KEPT_MS);
    for (const [oldest, until] of this.#memory) {
      if (until > now && this.#memory.size <= MAX_REMEMBERED) break;
      this.#memory.delete(oldest);
    }
  }
}

/** About 10 MB. */
const MAX_REMEMBERED = 100_000;

function key(id: MessageId): string {
  return `voxpost:delivered:${id}`;
}
