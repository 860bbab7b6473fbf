import { randomUUID } from "node:crypto";
import type { RedisCommander } from "ioredis";
import { z } from "zod";
import { VoxpostError } from "../errors.ts";
import { type Counts, sameCounts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { CountsEvent } from "./counts-event.ts";

interface Note {
  readonly counts: Counts;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of the event that is being told: nobody knows yet whether it has arrived. */
  readonly id?: string | undefined;
}

/** Short, because there is one for each mailbox: urgent, new, old, time, and the id. */
const saved = z
  .tuple([z.number(), z.number(), z.number(), z.number(), z.string().optional()])
  .rest(z.unknown());

/** Who was never told anything of a mailbox believes that it is empty. */
const NEVER: Note = { counts: { urgent: 0, new: 0, old: 0 }, at: 0 };

/**
 * What somebody outside was told of every mailbox, in one hash of Redis, so that one of all programs tells each change. An
 * event is noted before it is told and again afterwards: a crash in between tells it twice, under the same id, and never not at all.
 * All methods throw QUEUE_UNREACHABLE while Redis is away.
 */
export class ToldCounts {
  readonly #redis: RedisCommander;
  readonly #key: string;

  constructor(redis: RedisCommander, listener: string) {
    this.#redis = redis;
    this.#key = `voxpost:told:${listener}`;
  }

  /** Whether these are certainly what was told last. */
  async knows(mailbox: MailboxAddress, counts: Counts): Promise<boolean> {
    return isTold(await this.#read(mailbox), counts);
  }

  /** Undefined when these counts were told already. One caller at a time for each mailbox. */
  async begin(mailbox: MailboxAddress, counts: Counts): Promise<CountsEvent | undefined> {
    const note = await this.#read(mailbox);
    if (isTold(note, counts)) return undefined;
    const isRepeated = note.id !== undefined && sameCounts(note.counts, counts);
    const id = (isRepeated && note.id) || randomUUID();
    // Later than all before it, whatever the clocks of several machines say.
    const at = isRepeated ? note.at : Math.max(Date.now(), note.at + 1);
    const event = { id, at: new Date(at), mailbox, counts };
    if (!isRepeated) await this.#write(event, id);
    return event;
  }

  /** It has arrived, or never will. */
  async end(event: CountsEvent): Promise<void> {
    await this.#write(event);
  }

  async #read(mailbox: MailboxAddress): Promise<Note> {
    return parse(await this.#redis.hget(this.#key, formatMailbox(mailbox)).catch(unreachable));
  }

  async #write({ mailbox, counts, at }: CountsEvent, id?: string): Promise<void> {
    const text = JSON.stringify([counts.urgent, counts.new, counts.old, at.getTime(), ...(id ? [id] : [])]);
    await this.#redis.hset(this.#key, formatMailbox(mailbox), text).catch(unreachable);
  }
}

function isTold({ counts: told, id }: Note, counts: Counts): boolean {
  return id === undefined && sameCounts(told, counts);
}

function parse(text: string | null): Note {
  if (text === null) return NEVER;
  try {
    const [urgent, unheard, old, at, id] = saved.parse(JSON.parse(text));
    return { counts: { urgent, new: unheard, old }, at, id };
  } catch {
    return NEVER;
  }
}

function unreachable(error: unknown): never {
  throw VoxpostError.from(error, "QUEUE_UNREACHABLE", "What was told of counts is not known");
}
