import type { RedisCommander } from "ioredis";
import { Epoch } from "../custody/epoch.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { PollTurns } from "../storage/snapshot-poll.ts";

/** Programs that share a Redis poll each mailbox once, whichever comes first. While Redis is away each polls for itself. */
export class RedisPollTurns implements PollTurns {
  readonly #redis: RedisCommander;
  readonly #epoch: Epoch;

  constructor(redis: RedisCommander) {
    this.#redis = redis;
    this.#epoch = new Epoch(redis);
  }

  async take(mailbox: MailboxAddress, forMs: number, anyway: boolean): Promise<boolean> {
    const lasting = [key(mailbox), "1", "PX", forMs] as const;
    const set = anyway ? this.#redis.set(...lasting) : this.#redis.set(...lasting, "NX");
    return set.then(
      (answer) => answer === "OK",
      () => true,
    );
  }

  async giveBack(mailbox: MailboxAddress): Promise<void> {
    await this.#redis.del(key(mailbox)).catch(() => {});
  }

  async areForgotten(): Promise<boolean> {
    return this.#epoch.hasEnded().catch(() => false);
  }
}

function key(mailbox: MailboxAddress): string {
  return `voxpost:polled:${formatMailbox(mailbox)}`;
}
