import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox } from "../model/mailbox.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";
import { isGone, renameDurably, writeNew } from "../storage/disk.ts";
import type { Entry } from "../storage/engine.ts";
import type { Store } from "../storage/store.ts";

export interface TrashDeps {
  readonly store: Pick<Store, "list" | "purge">;
  readonly subscribers: Pick<Subscribers, "all">;
  /** What was seen when; a file of this program's own. */
  readonly file: string;
  readonly log: Logger;
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
}

const DAY = 86_400_000;
const PAGE = 100;
const SIX_HOURS = 6 * 3_600_000;

/** By mailbox and message: when it was first seen in the trash, milliseconds since 1970. */
type Seen = Record<string, Record<string, number>>;

/**
 * Purges what has been in the trash for longer than its owner's `trashDays`, and nothing else. No store tells when a message was
 * deleted, so the time counts from when it was first seen there; if the notes are lost it begins anew: too late rather than too early.
 */
export class TrashPurge {
  readonly #deps: TrashDeps;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: TrashDeps) {
    this.#deps = deps;
  }

  /** At once, and then every six hours. */
  start(): void {
    this.#running = this.#rounds();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One round over all mailboxes; a store that is away ends it. Never rejects. @returns how many were purged */
  async run(signal: AbortSignal = this.#stopping.signal): Promise<number> {
    const { subscribers, log } = this.#deps;
    const before = await this.#read();
    const seen: Seen = { ...before };
    let purged = 0;
    for (const owner of subscribers.all()) {
      const name = formatMailbox(owner.address);
      try {
        const result = await this.#mailbox(owner, before[name] ?? {}, signal);
        purged += result.purged;
        if (Object.keys(result.left).length > 0) seen[name] = result.left;
        else delete seen[name];
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ err: error, mailbox: name }, "A trash could not be looked through");
        if (error instanceof VoxpostError && error.retryable) break;
      }
    }
    await this.#write(seen).catch((error) => {
      log.warn({ err: error }, "When messages were deleted could not be noted; they are kept longer");
    });
    return purged;
  }

  async #mailbox(
    owner: Subscriber,
    before: Record<string, number>,
    signal: AbortSignal,
  ): Promise<{ left: Record<string, number>; purged: number }> {
    const { store, log, now = Date.now } = this.#deps;
    const left: Record<string, number> = {};
    let purged = 0;
    for (const entry of await this.#trashOf(owner, signal)) {
      const { id } = entry.envelope;
      const since = before[id] ?? now();
      if (owner.trashDays > 0 && now() - since >= owner.trashDays * DAY) {
        await store.purge(entry, signal);
        purged++;
        log.info({ id, mailbox: formatMailbox(owner.address) }, "purged: its time in the trash is over");
      } else {
        left[id] = since;
      }
    }
    return { left, purged };
  }

  async #trashOf({ address }: Subscriber, signal: AbortSignal): Promise<Entry[]> {
    const entries: Entry[] = [];
    let after: string | undefined;
    do {
      const query = { view: "all", limit: PAGE, ...(after === undefined ? {} : { after }) } as const;
      const page = await this.#deps.store.list(address, "Trash", query, signal);
      entries.push(...page.entries);
      after = page.next;
    } while (after !== undefined);
    return entries;
  }

  async #rounds(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.run();
      await wait(SIX_HOURS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #read(): Promise<Seen> {
    try {
      return JSON.parse(await readFile(this.#deps.file, "utf8"));
    } catch (error) {
      if (!isGone(error))
        this.#deps.log.warn({ err: error }, "When messages were deleted is not known any more");
      return {};
    }
  }

  async #write(seen: Seen): Promise<void> {
    const { file } = this.#deps;
    const next = `${file}.new`;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rm(next, { force: true });
    await writeNew(next, [Buffer.from(JSON.stringify(seen))]);
    await renameDurably(next, file);
  }
}
