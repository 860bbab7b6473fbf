import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { LocalAudio } from "../ivr/call.ts";
import type { AudioPart, PartKind } from "../model/message.ts";
import type { Entry } from "../storage/engine.ts";
import type { Store } from "../storage/store.ts";
import { within } from "./wait.ts";

export interface FetchedPart extends LocalAudio {
  readonly kind: PartKind;
}

/** Longest that fetching one message may take, milliseconds. */
const FETCH_WAIT = 20_000;
/** Four hours of 16-bit audio at 8 kHz. */
const MOST_BYTES = 240_000_000;
/** Longest that a fetch which was told to stop is waited for, milliseconds. */
const STOP_WAIT = 5000;
/** The message that is heard, and the one that probably comes next. */
const KEPT = 2;

interface Fetch {
  readonly parts: Promise<FetchedPart[]>;
  /** Settles when nothing is written any more, which may be after `parts` was given up. */
  readonly work: Promise<unknown>;
  readonly stop: AbortController;
}

/**
 * The audio of messages on this machine's disk for as long as a call needs it: fetched ahead while something is being
 * said, at most two messages at a time, and gone when the call is over.
 */
export class AudioCache {
  readonly #store: Store;
  readonly #folder: string;
  readonly #fetches = new Map<string, Fetch>();
  /** Fetches that were given up but may still be writing. */
  readonly #dropping = new Set<Promise<void>>();
  #disposed = false;
  #saves = 0;

  constructor(store: Store, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  /** Begins to fetch, and returns at once. A failure is told to whoever asks for the audio by `get`. */
  ahead(entry: Entry): void {
    this.#fetch(entry).catch(() => undefined);
  }

  /** @throws MESSAGE_MALFORMED when there is nothing to hear, MESSAGE_UNKNOWN, STORE_… */
  async get(entry: Entry): Promise<FetchedPart[]> {
    try {
      return await this.#fetch(entry);
    } catch (error) {
      // The next who asks shall not get the old error.
      await this.#drop(entry.envelope.id);
      throw error;
    }
  }

  /** Ends what is being fetched and removes every file. Nothing is fetched afterwards. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    for (const id of this.#fetches.keys()) void this.#drop(id);
    await Promise.all(this.#dropping);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #fetch(entry: Entry): Promise<FetchedPart[]> {
    const { id } = entry.envelope;
    const known = this.#fetches.get(id);
    if (known) {
      // The last that was asked for is the last to go: it may be playing.
      this.#fetches.delete(id);
      this.#fetches.set(id, known);
      return known.parts;
    }
    if (this.#disposed) return Promise.reject(new VoxpostError("ABORTED", "The call is over"));
    const oldest = [...this.#fetches.keys()].slice(0, Math.max(0, this.#fetches.size - KEPT + 1));
    for (const other of oldest) void this.#drop(other);
    const stop = new AbortController();
    let work: Promise<unknown> = Promise.resolve();
    const parts = within(
      FETCH_WAIT,
      "Fetching a message",
      (signal) => {
        const saving = this.#save(entry, signal);
        work = saving.catch(() => undefined);
        return saving;
      },
      stop.signal,
    );
    this.#fetches.set(id, { parts, work, stop });
    return parts;
  }

  async #save(entry: Entry, signal: AbortSignal): Promise<FetchedPart[]> {
    signal.throwIfAborted();
    await mkdir(this.#folder, { recursive: true });
    // A number of our own: an id may come from a mail that somebody else wrote.
    const name = this.#saves++;
    const parts = await this.#store.audio(entry, signal);
    try {
      const saved: FetchedPart[] = [];
      for (const [index, part] of parts.entries()) {
        saved.push(await save(part, join(this.#folder, `${name}-${index}`), signal));
      }
      if (!saved.some((part) => part.kind === "voice")) {
        throw new VoxpostError("MESSAGE_MALFORMED", "A message has no audio", {
          context: { id: entry.envelope.id },
        });
      }
      return saved;
    } finally {
      for (const part of parts) part.stream.destroy();
    }
  }

  async #drop(id: string): Promise<void> {
    const fetch = this.#fetches.get(id);
    if (!fetch) return;
    this.#fetches.delete(id);
    const dropping = removed(fetch);
    this.#dropping.add(dropping);
    await dropping;
    this.#dropping.delete(dropping);
  }
}

async function removed(fetch: Fetch): Promise<void> {
  fetch.stop.abort();
  const parts = await fetch.parts.catch(() => []);
  // Only when nobody writes any more is a removed file gone for good.
  await Promise.race([fetch.work, sleep(STOP_WAIT, undefined, { ref: false })]);
  await Promise.allSettled(parts.map((part) => rm(part.path, { force: true })));
}

async function save(part: AudioPart, path: string, signal: AbortSignal): Promise<FetchedPart> {
  const limit = new Limit();
  await pipeline(part.stream, limit, createWriteStream(path, { mode: 0o600 }), { signal });
  if (limit.bytes === 0) throw new VoxpostError("MESSAGE_MALFORMED", "A message's audio is empty");
  return { path, contentType: part.contentType, kind: part.kind };
}

/** Counts, and refuses what no caller would listen to and no disk should hold. */
class Limit extends Transform {
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > MOST_BYTES) done(new VoxpostError("MESSAGE_MALFORMED", "A message's audio is too long"));
    else done(null, chunk);
  }
}
