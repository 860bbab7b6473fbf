import { randomBytes } from "node:crypto";
import type { RedisCommander } from "ioredis";

/** Held by nobody: it is gone when Redis has lost its data. */
const EPOCH = "voxpost:epoch";

/** A word in Redis that stays the same until it loses its data: FLUSHALL, a restart without its file. */
export class Epoch {
  readonly #redis: RedisCommander;
  #last: string | undefined;

  constructor(redis: RedisCommander) {
    this.#redis = redis;
  }

  /** Whether Redis has lost its data since this was last asked; false at first. @throws whatever ioredis throws */
  async hasEnded(): Promise<boolean> {
    const now = await this.#read();
    const last = this.#last;
    this.#last = now;
    return last !== undefined && last !== now;
  }

  async #read(): Promise<string | undefined> {
    const known = await this.#redis.get(EPOCH);
    if (known) return known;
    await this.#redis.set(EPOCH, randomBytes(8).toString("hex"), "NX");
    return (await this.#redis.get(EPOCH)) ?? undefined;
  }
}
