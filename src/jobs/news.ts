import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Logger } from "../log.ts";
import { isMailboxName } from "../model/mailbox.ts";
import type { SnapshotNews } from "../storage/snapshot-news.ts";
import { blockingRedis, type RedisClient } from "./redis.ts";
import type { RedisServers } from "./redis-options.ts";

const CHANNEL = "voxpost:news";

const name = z.string().refine(isMailboxName);
const count = z.number().int().min(0);

const news = z.object({
  from: z.string(),
  mailbox: z.object({ mailbox: name, context: name }),
  messages: z
    .object({
      messagesAt: z.number(),
      counts: z.object({ urgent: count, new: count, old: count }).exactOptional(),
      quotaReached: z.boolean(),
    })
    .exactOptional(),
  greetings: z.literal(true).exactOptional(),
});

/**
 * Programs that share a Redis tell each other what they find changed in mailboxes. Nothing is kept: who was away finds it
 * when it polls.
 */
export class News {
  readonly #own = randomUUID();
  readonly #redis: RedisClient;
  readonly #log: Logger;
  #listener: RedisClient | undefined;

  constructor(options: { redis: RedisClient; log: Logger }) {
    this.#redis = options.redis;
    this.#log = options.log;
  }

  tell(changed: SnapshotNews): void {
    this.#redis.publish(CHANNEL, JSON.stringify({ ...changed, from: this.#own })).catch(() => {});
  }

  /** On a connection of its own, until `close`. */
  listen(servers: RedisServers, onNews: (changed: SnapshotNews) => Promise<void>): void {
    this.#listener = blockingRedis(servers);
    this.#listener.on("message", (_channel: string, text: string) => {
      this.#take(text, onNews).catch((error: unknown) =>
        this.#log.warn({ err: error }, "what another program told is not kept"),
      );
    });
    this.#listener.subscribe(CHANNEL).catch(() => {});
  }

  close(): void {
    this.#listener?.disconnect();
  }

  async #take(text: string, onNews: (changed: SnapshotNews) => Promise<void>): Promise<void> {
    const { from, ...changed } = news.parse(JSON.parse(text));
    if (from !== this.#own) await onNews(changed);
  }
}
