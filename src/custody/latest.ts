import type { RedisCommander } from "ioredis";
import type { Logger } from "../log.ts";

/** Longer than any recording waits for its store. */
const KEPT_MS = 30 * 86_400_000;

/** Sets only what is newer than what is there. */
const ADVANCE = `local old = tonumber(redis.call('get', KEYS[1]) or '0')
if old < tonumber(ARGV[1]) then redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2]) end`;

/**
 * When the newest greeting of a kind was recorded, or erased, so that an older recording that is delivered late does not
 * replace it. Like the ledger it is needed only where a recording lies on another Asterisk that was away: docs/custody.md.
 */
export class Latest {
  readonly #redis: RedisCommander | undefined;
  readonly #log: Logger;
  readonly #memory = new Map<string, number>();

  constructor(options: { redis: RedisCommander | undefined; log: Logger }) {
    this.#redis = options.redis;
    this.#log = options.log;
  }

  /** Milliseconds since 1970; 0 when nothing is known. */
  async of(key: string): Promise<number> {
    const known = await this.#redis?.get(redisKey(key)).catch((error: unknown) => {
      this.#log.warn({ err: error, key }, "Redis is away: the newest greeting is known in this process only");
    });
    return Math.max(Number(known ?? 0), this.#memory.get(key) ?? 0);
  }

  async advance(key: string, time: Date): Promise<void> {
    this.#memory.set(key, Math.max(time.getTime(), this.#memory.get(key) ?? 0));
    await this.#redis?.eval(ADVANCE, 1, redisKey(key), time.getTime(), KEPT_MS).catch((error: unknown) => {
      this.#log.warn({ err: error, key }, "Redis is away: the newest greeting is known in this process only");
    });
  }
}

function redisKey(key: string): string {
  return `voxpost:latest:${key}`;
}
