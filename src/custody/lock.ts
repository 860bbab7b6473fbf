import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";

export interface LockOptions {
  /** Undefined: this process only. Commands must be bounded (`commandTimeout`), and fail at once while Redis is away. */
  readonly redis: Redis | undefined;
  readonly log: Logger;
  /**
   * A lock is the holder's for this long after its last sign of life, milliseconds; default 120,000. It is renewed every third of
   * it. Longer than a job may be stalled, since BullMQ then lets another worker run it; after a death it is how long others wait.
   */
  readonly ttlMs?: number;
}

const RENEW = "return redis.call('get',KEYS[1])==ARGV[1] and redis.call('pexpire',KEYS[1],ARGV[2]) or 0";
const RELEASE = "return redis.call('get',KEYS[1])==ARGV[1] and redis.call('del',KEYS[1]) or 0";

/**
 * Locks by key, over all programs that share a Redis. While Redis is away they hold within this process only: then two
 * programs may deliver the same message at once (docs/custody.md, double faults).
 */
export class Locks {
  readonly #options: LockOptions;
  readonly #ttlMs: number;
  readonly #held = new Set<string>();

  constructor(options: LockOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? 120_000;
  }

  /**
   * Runs the work alone. Its signal aborts when the lock was lost, because this process was stalled past its end.
   * @throws VoxpostError LOCKED at once when somebody else holds it
   */
  async hold<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const redisKey = `voxpost:lock:${key}`;
    if (this.#held.has(key)) throw locked(key);
    this.#held.add(key);
    const token = randomBytes(16).toString("hex");
    const lost = new AbortController();
    let renewal: NodeJS.Timeout | undefined;
    try {
      await this.#acquire(redisKey, token);
      renewal = setInterval(() => void this.#renew(redisKey, token, lost), this.#ttlMs / 3);
      return await work(lost.signal);
    } finally {
      clearInterval(renewal);
      await this.#script(RELEASE, redisKey, token);
      this.#held.delete(key);
    }
  }

  async #acquire(redisKey: string, token: string): Promise<void> {
    const { redis, log } = this.#options;
    const answer = await redis?.set(redisKey, token, "PX", this.#ttlMs, "NX").catch((error: unknown) => {
      log.warn({ err: error, key: redisKey }, "Redis is away: the lock holds in this process only");
      return "OK";
    });
    if (redis && answer !== "OK") throw locked(redisKey);
  }

  async #renew(redisKey: string, token: string, lost: AbortController): Promise<void> {
    const { redis } = this.#options;
    const answer = await this.#script(RENEW, redisKey, token, this.#ttlMs);
    if (!redis || answer !== 0) return;
    // Expired, or swept away with everything else: take it again, unless somebody else has it by now.
    const retaken = await redis.set(redisKey, token, "PX", this.#ttlMs, "NX").catch(() => "OK");
    if (retaken !== "OK")
      lost.abort(new VoxpostError("LOCKED", `The lock ${redisKey} went to another worker`));
  }

  /** Undefined when Redis is away: a lock that is not released expires. */
  async #script(script: string, redisKey: string, ...args: (string | number)[]): Promise<unknown> {
    return await this.#options.redis?.eval(script, 1, redisKey, ...args).catch(() => undefined);
  }
}

function locked(key: string): VoxpostError {
  return new VoxpostError("LOCKED", `Another worker holds the lock ${key}`, { context: { key } });
}
