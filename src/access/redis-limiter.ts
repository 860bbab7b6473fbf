import type { RedisCommander } from "ioredis";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import { blockAfter, keys, type LoginLimiter, MEMORY, MemoryLoginLimiter } from "./limiter.ts";

/** A block that is longer already stays. */
const BLOCK = `if redis.call('pttl', KEYS[1]) < tonumber(ARGV[1]) then redis.call('set', KEYS[1], '1', 'PX', ARGV[1]) end`;

/**
 * Failed logins across calls and across all programs that share a Redis. Each program also counts its own, and goes by that
 * while Redis is away.
 */
export class RedisLoginLimiter implements LoginLimiter {
  readonly #redis: RedisCommander;
  readonly #log: Logger;
  readonly #memory: MemoryLoginLimiter;

  constructor(options: { redis: RedisCommander; log: Logger; now?: () => number }) {
    this.#redis = options.redis;
    this.#log = options.log;
    this.#memory = new MemoryLoginLimiter(options.now);
  }

  async blockedFor(mailbox: MailboxAddress, number: string | undefined): Promise<number> {
    try {
      const left = await Promise.all(
        keys(mailbox, number).map(([key]) => this.#redis.pttl(redisKey("blocked", key))),
      );
      // A key that is not there has a negative one.
      return Math.max(0, ...left);
    } catch (error) {
      this.#tell(error);
      return this.#memory.blockedFor(mailbox, number);
    }
  }

  async failed(mailbox: MailboxAddress, number: string | undefined): Promise<void> {
    await this.#memory.failed(mailbox, number);
    try {
      for (const [key, longest] of keys(mailbox, number)) {
        const count = await this.#redis.incr(redisKey("failures", key));
        await this.#redis.pexpire(redisKey("failures", key), MEMORY);
        const block = blockAfter(count, longest);
        if (block > 0) await this.#redis.eval(BLOCK, 1, redisKey("blocked", key), block);
      }
    } catch (error) {
      this.#tell(error);
    }
  }

  async succeeded(mailbox: MailboxAddress, number: string | undefined): Promise<void> {
    await this.#memory.succeeded(mailbox, number);
    const key = formatMailbox(mailbox);
    await this.#redis
      .del(redisKey("failures", key), redisKey("blocked", key))
      .catch((error: unknown) => this.#tell(error));
  }

  #tell(error: unknown): void {
    this.#log.warn({ err: error }, "Redis is away: failed logins are counted in this program only");
  }
}

/** A number is the caller's own words: of any length, and told to nobody. */
function redisKey(what: "failures" | "blocked", key: string): string {
  return `voxpost:login:${what}:${encodeURIComponent(key).slice(0, 200)}`;
}
