import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { RedisCommander } from "ioredis";
import { z } from "zod";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import { isGone, renameDurably, writeNew } from "../storage/disk.ts";

const pinRecord = z.object({
  /** As `voxpost mailbox hash` writes it. */
  hash: z.string(),
  /** Milliseconds since 1970; the newest record counts. */
  changedAt: z.number(),
  /** Hashes of the ones before, the newest first. */
  history: z.array(z.string()),
  /** What the configuration said when it was changed: when that changes, the administrator has set the PIN anew. */
  over: z.string(),
});

const file = z.object({ voxpost: z.literal(1), pins: z.record(z.string(), pinRecord) });

export type PinRecord = z.output<typeof pinRecord>;

const KEY = "voxpost:pins";
/** Sets only what is newer than what is there. */
const ADVANCE = `local old = redis.call('hget', KEYS[1], ARGV[1])
if not old or cjson.decode(old).changedAt < tonumber(ARGV[3]) then redis.call('hset', KEYS[1], ARGV[1], ARGV[2]) end`;

/**
 * PINs that owners changed by telephone: on this program's disk, and in Redis for the others. Each program keeps a copy of what
 * it sees and gives back what Redis lacks, so neither an emptied Redis nor a lost disk loses a PIN by itself
 * (docs/decisions/0006-pins-in-redis-and-on-disk.md).
 */
export class PinRecords {
  readonly #path: string;
  readonly #redis: RedisCommander | undefined;
  readonly #log: Logger;
  readonly #records: Map<string, PinRecord>;
  #writing: Promise<unknown> = Promise.resolve();

  /** @throws VoxpostError CONFIG_INVALID when the file is damaged: an older PIN must not come back in silence */
  constructor(options: { path: string; redis: RedisCommander | undefined; log: Logger }) {
    this.#path = options.path;
    this.#redis = options.redis;
    this.#log = options.log;
    this.#records = readRecords(options.path);
  }

  async get(mailbox: MailboxAddress): Promise<PinRecord | undefined> {
    const key = formatMailbox(mailbox);
    const own = this.#records.get(key);
    const shared = await this.#shared(key);
    if (shared && shared.changedAt > (own?.changedAt ?? 0)) {
      await this.#keep(key, shared).catch((error) => {
        this.#log.warn({ err: error, path: this.#path }, "A changed PIN is in Redis only");
      });
      return shared;
    }
    if (own && this.#redis && (shared?.changedAt ?? 0) < own.changedAt) await this.#share(key, own);
    return own;
  }

  /** Durable here when it resolves, and known to the other programs as soon as Redis answers. */
  async set(mailbox: MailboxAddress, record: PinRecord): Promise<void> {
    const key = formatMailbox(mailbox);
    await this.#keep(key, record);
    await this.#share(key, record);
  }

  async #shared(key: string): Promise<PinRecord | undefined> {
    try {
      const text = await this.#redis?.hget(KEY, key);
      return text ? pinRecord.parse(JSON.parse(text)) : undefined;
    } catch (error) {
      this.#log.warn(
        { err: error, mailbox: key },
        "Redis is away: a PIN is checked by what this program knows",
      );
      return undefined;
    }
  }

  async #share(key: string, record: PinRecord): Promise<void> {
    await this.#redis
      ?.eval(ADVANCE, 1, KEY, key, JSON.stringify(record), record.changedAt)
      .catch((error: unknown) => {
        this.#log.warn(
          { err: error, mailbox: key },
          "Redis is away: a changed PIN is known to this program only",
        );
      });
  }

  #keep(key: string, record: PinRecord): Promise<void> {
    const work = this.#writing.then(async () => {
      const pins = { ...Object.fromEntries(this.#records), [key]: record };
      const temporary = `${this.#path}.${randomUUID()}`;
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await writeNew(temporary, [Buffer.from(`${JSON.stringify({ voxpost: 1, pins }, null, 2)}\n`)]);
      await renameDurably(temporary, this.#path);
      this.#records.set(key, record);
    });
    this.#writing = work.catch(() => undefined);
    return work;
  }
}

function readRecords(path: string): Map<string, PinRecord> {
  try {
    return new Map(Object.entries(file.parse(JSON.parse(readFileSync(path, "utf8"))).pins));
  } catch (error) {
    if (isGone(error)) return new Map();
    // Its text is not told: it holds hashes.
    throw new VoxpostError(
      "CONFIG_INVALID",
      `${path} holds PINs that owners chose, and cannot be understood: bring back a copy of it, or remove it to set all PINs back to the configuration's`,
    );
  }
}
