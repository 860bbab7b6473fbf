import type { RedisCommander } from "ioredis";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { PollTurns } from "../storage/snapshot-poll.ts";

/** Programs that share a Redis poll each mailbox once, whichever comes first. While Redis is away each polls for itself. */
export class RedisPollTurns implements PollTurns {
  readonly #redis: Pick<RedisCommander, "set" | "del">;

  constructor(redis: Pick<RedisCommander, "set" | "del">) {
    this.#redis = redis;
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
}

function key(mailbox: MailboxAddress): string {
  return `voxpost:polled:${formatMailbox(mailbox)}`;
}
