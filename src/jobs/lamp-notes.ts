import type { RedisCommander } from "ioredis";
import { z } from "zod";
import type { Logger } from "../log.ts";
import type { Counts } from "../model/folder.ts";

interface Told {
  readonly counts: Counts;
  readonly at: number;
  readonly run: string;
}

/** Short, because there is one for each mailbox and Asterisk: urgent, new, old, time, run. */
const saved = z.tuple([z.number(), z.number(), z.number(), z.number(), z.string()]);

/** How long a claim holds, milliseconds. */
const CLAIM_MS = 30_000;
const BATCH = 500;

/**
 * What every Asterisk was told of every mailbox, in one hash each, so that programs do not tell it twice and can tell all of it
 * again after its restart. Nothing depends on it: while Redis is away each program goes by what it said itself.
 */
export class RedisLampNotes {
  readonly #redis: RedisCommander;
  readonly #log: Logger;
  readonly #own = new Map<string, Told>();

  constructor(options: { redis: RedisCommander; log: Logger }) {
    this.#redis = options.redis;
    this.#log = options.log;
  }

  async get(asterisk: string, name: string): Promise<Told | undefined> {
    try {
      return parse(await this.#redis.hget(key(asterisk), name));
    } catch (error) {
      this.#log.debug({ err: error }, "Redis is away: lamps go by what this program told");
      return this.#own.get(`${asterisk} ${name}`);
    }
  }

  async set(asterisk: string, name: string, told: Told): Promise<void> {
    const { counts, at, run } = told;
    this.#own.set(`${asterisk} ${name}`, told);
    const text = JSON.stringify([counts.urgent, counts.new, counts.old, at, run]);
    await this.#redis.hset(key(asterisk), name, text).catch(() => {});
  }

  async *all(asterisk: string): AsyncGenerator<readonly [string, Told]> {
    let cursor = "0";
    do {
      const [next, pairs] = await this.#redis.hscan(key(asterisk), cursor, "COUNT", BATCH);
      cursor = next;
      for (let at = 0; at < pairs.length; at += 2) {
        const told = parse(pairs[at + 1]);
        if (told) yield [pairs[at] ?? "", told];
      }
    } while (cursor !== "0");
  }

  async claim(asterisk: string, run: string): Promise<boolean> {
    return (await this.#redis.set(`${key(asterisk)}:${run}`, "1", "PX", CLAIM_MS, "NX")) === "OK";
  }

  async release(asterisk: string, run: string): Promise<void> {
    await this.#redis.del(`${key(asterisk)}:${run}`).catch(() => {});
  }
}

function key(asterisk: string): string {
  return `voxpost:lamps:${asterisk}`;
}

function parse(text: string | null | undefined): Told | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const [urgent, unheard, old, at, run] = saved.parse(JSON.parse(text));
    return { counts: { urgent, new: unheard, old }, at, run };
  } catch {
    return undefined;
  }
}
