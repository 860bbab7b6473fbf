import { randomBytes } from "node:crypto";
import type { RedisCommander } from "ioredis";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Epoch } from "./epoch.ts";

export interface LockOptions {
  /** Undefined: this process only. Commands must be bounded (`commandTimeout`), and fail at once while Redis is away. */
  readonly redis: RedisCommander | undefined;
  readonly log: Logger;
  /**
   * A lock is the holder's for this long after its last sign of life, milliseconds; default 120,000. Longer than a job may be
   * stalled, since BullMQ then lets another worker run it; after a death it is how long others wait.
   */
  readonly ttlMs?: number;
  /** How long nobody takes a lock in a Redis that was emptied, milliseconds; default 3,000: until every holder has taken theirs again. */
  readonly emptiedMs?: number;
}

/** How often a lock is renewed, milliseconds: with it comes back what an emptied Redis has forgotten. */
const RENEW_MS = 500;

/** 0 when it is another's by now. One that has expired, or was swept away with everything else, is taken again. */
const RENEW = `
  local holder = redis.call('get', KEYS[1])
  if holder and holder ~= ARGV[1] then return 0 end
  redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`;
const RELEASE = "return redis.call('get',KEYS[1])==ARGV[1] and redis.call('del',KEYS[1]) or 0";

/**
 * Locks by key, over all programs that share a Redis. While Redis is away they hold within this process only: then two
 * programs may deliver the same message at once (docs/custody.md, double faults).
 */
export class Locks {
  readonly #options: LockOptions;
  readonly #ttlMs: number;
  readonly #held = new Set<string>();
  /** Undefined without a Redis. */
  readonly #epoch: Epoch | undefined;
  /** Milliseconds since 1970. */
  #emptiedAt = 0;

  constructor(options: LockOptions) {
    this.#options = options;
    this.#epoch = options.redis && new Epoch(options.redis);
    this.#ttlMs = options.ttlMs ?? 120_000;
  }

  /**
   * Runs the work alone. Its signal aborts when the lock was lost, because this process was stalled past its end.
   * @throws VoxpostError LOCKED at once when somebody else holds it, or may: then `retryMs` of its context says for how long
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
      renewal = setInterval(
        () => void this.#renew(redisKey, token, lost),
        Math.min(RENEW_MS, this.#ttlMs / 3),
      );
      return await work(lost.signal);
    } finally {
      clearInterval(renewal);
      await this.#script(RELEASE, redisKey, token);
      this.#held.delete(key);
    }
  }

  async #acquire(redisKey: string, token: string): Promise<void> {
    const { redis, log } = this.#options;
    if (!redis || !this.#epoch) return;
    try {
      const retryMs = await this.#emptiedFor(this.#epoch);
      if (retryMs > 0) throw mayBeLocked(redisKey, retryMs);
      const answer = await redis.set(redisKey, token, "PX", this.#ttlMs, "NX");
      if (answer !== "OK") throw locked(redisKey);
    } catch (error) {
      if (error instanceof VoxpostError) throw error;
      log.warn({ err: error, key: redisKey }, "Redis is away: the lock holds in this process only");
    }
  }

  /**
   * For how long, milliseconds, somebody may still hold a lock of which Redis knows nothing any more because it has lost its data
   * (FLUSHALL, a restart without its file); 0 or less where it has not.
   */
  async #emptiedFor(epoch: Epoch): Promise<number> {
    const { emptiedMs = 3_000, log } = this.#options;
    if (await epoch.hasEnded()) {
      log.warn("Redis was emptied: locks are taken again, and new ones wait for that");
      this.#emptiedAt = Date.now();
    }
    return this.#emptiedAt + emptiedMs - Date.now();
  }

  async #renew(redisKey: string, token: string, lost: AbortController): Promise<void> {
    const answer = await this.#script(RENEW, redisKey, token, this.#ttlMs);
    if (answer === 0) lost.abort(new VoxpostError("LOCKED", `The lock ${redisKey} went to another worker`));
  }

  /** Undefined when Redis is away: a lock that is not released expires. */
  async #script(script: string, redisKey: string, ...args: (string | number)[]): Promise<unknown> {
    return await this.#options.redis?.eval(script, 1, redisKey, ...args).catch(() => undefined);
  }
}

function mayBeLocked(key: string, retryMs: number): VoxpostError {
  const text = `Redis was emptied: for ${retryMs} ms another worker may hold the lock ${key} without its knowledge`;
  return new VoxpostError("LOCKED", text, { context: { key, retryMs } });
}

function locked(key: string): VoxpostError {
  return new VoxpostError("LOCKED", `Another worker holds the lock ${key}`, { context: { key } });
}
