import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isCode, VoxpostError } from "../errors.ts";
import { type Counts, sameCounts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Asterisk } from "./asterisk.ts";
import { type LampNotes, MemoryLampNotes } from "./lamp-notes.ts";

/** RFC 3842, section 4.7: no more than one update a second. */
const GAP_MS = 1_000;
/** So long a missing `/mailboxes` is believed: after Asterisk's start its module may be loaded later than ARI. */
const MISSING_MS = 10_000;
/** Between attempts to tell a restarted Asterisk what it knew before. */
const AGAIN_MS = 5_000;

/** Instead of a run: it could not be told. */
const OWED = "owed";

interface Lamp {
  wanted: Counts;
  busy: Promise<void> | undefined;
}

/** How this run of Asterisk is told. */
interface Way {
  /** Begins anew with Asterisk, and when it is told another way: what it was told before no longer counts. */
  readonly run: string;
  readonly hasMailboxes: boolean;
}

/**
 * The message waiting lamps of one Asterisk: one update for each change, whichever program sees it. Asterisk forgets them
 * when it ends, so those that were lit are lit again after its start.
 */
export class Lamps {
  readonly #asterisk: Asterisk;
  readonly #notes: LampNotes;
  readonly #lamps = new Map<string, Lamp>();
  readonly #closing = new AbortController();
  #way: Promise<Way> | undefined;
  /** Milliseconds since 1970. */
  #askAgainAt = 0;
  #relighting: Promise<void> | undefined;
  /** Asterisk may have forgotten lamps since they were last gone through. */
  #mayBeDark = false;

  constructor(asterisk: Asterisk, notes: LampNotes = new MemoryLampNotes()) {
    this.#asterisk = asterisk;
    this.#notes = notes;
    asterisk.onUp(async () => {
      this.#way = undefined;
      this.#relight();
    });
  }

  /**
   * Resolves when Asterisk has been told these counts, or newer ones. Nothing is sent when they are what it knows; a
   * mailbox is told at most once a second, the last counts win. An Asterisk that is away is told when it is back.
   * @throws VoxpostError ASTERISK_UNREACHABLE, ASTERISK_REFUSED, ABORTED after `close`
   */
  async publish(mailbox: MailboxAddress, counts: Counts): Promise<void> {
    const name = formatMailbox(mailbox);
    try {
      await this.#publish(name, counts);
    } catch (error) {
      if (this.#asterisk.state !== "connecting" || !isCode(error, "ASTERISK_UNREACHABLE")) throw error;
      // Whoever asks for a lamp must not wait for one Asterisk with what the others are to show.
      await this.#notes.set(this.#asterisk.name, name, { counts, at: 0, run: OWED });
    }
  }

  /** Whether these are the counts that Asterisk was told last, or, while it is away, will be told when it is back. */
  async shows(mailbox: MailboxAddress, counts: Counts): Promise<boolean> {
    const run = await this.#wayNow().then(
      (way) => way.run,
      () => undefined,
    );
    const told = await this.#notes.get(this.#asterisk.name, formatMailbox(mailbox));
    if (run !== undefined) return told?.run === run && sameCounts(told.counts, counts);
    // What nobody noted nobody tells it: a Redis that was emptied knows of no lamp that was lit.
    return told ? sameCounts(told.counts, counts) : isDark(counts);
  }

  close(): void {
    this.#closing.abort();
  }

  #publish(name: string, counts: Counts): Promise<void> {
    const lamp = this.#lamps.get(name) ?? { wanted: counts, busy: undefined };
    lamp.wanted = counts;
    this.#lamps.set(name, lamp);
    lamp.busy ??= this.#tell(name, lamp);
    return lamp.busy;
  }

  async #tell(name: string, lamp: Lamp): Promise<void> {
    try {
      for (;;) {
        const { run, hasMailboxes } = await this.#wayNow();
        const told = await this.#notes.get(this.#asterisk.name, name);
        const isCurrent = told?.run === run;
        if (isCurrent && sameCounts(told.counts, lamp.wanted)) return;
        if (isCurrent) await this.#wait(told.at + GAP_MS - Date.now());
        const counts = lamp.wanted;
        if (hasMailboxes) await this.#put(name, counts);
        else await this.#originate(name, counts);
        await this.#notes.set(this.#asterisk.name, name, { counts, at: Date.now(), run });
      }
    } finally {
      // In the same moment in which it was seen that nothing else is wanted.
      this.#lamps.delete(name);
    }
  }

  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    // Never longer, whatever the clocks of several machines say.
    const wait = Math.min(milliseconds, GAP_MS);
    await sleep(wait, undefined, { signal: this.#closing.signal, ref: false }).catch((error: unknown) => {
      throw VoxpostError.from(error, "ABORTED", "Lamps are no longer lit: the program ends");
    });
  }

  #wayNow(): Promise<Way> {
    if (!this.#way || Date.now() >= this.#askAgainAt) {
      this.#askAgainAt = Date.now() + MISSING_MS;
      this.#way = this.#askWay(this.#way);
    }
    return this.#way;
  }

  async #askWay(earlier: Promise<Way> | undefined): Promise<Way> {
    const { requests } = this.#asterisk;
    const signal = this.#closing.signal;
    try {
      const [info, mailboxes] = await Promise.all([
        requests.get<{ status?: { startup_time?: string } }>("/asterisk/info", {
          query: { only: "status" },
          signal,
        }),
        requests.find("/mailboxes", { signal }),
      ]);
      const hasMailboxes = mailboxes !== undefined;
      if (hasMailboxes) this.#askAgainAt = Number.POSITIVE_INFINITY;
      const described = `${info.status?.startup_time} ${hasMailboxes}`;
      const run = createHash("sha256").update(described).digest("hex").slice(0, 8);
      const before = await earlier?.catch(() => undefined);
      if (before && before.run !== run) this.#relight();
      return { run, hasMailboxes };
    } catch (error) {
      this.#askAgainAt = 0;
      throw error;
    }
  }

  /** Tells Asterisk what an earlier run of it knew, and what could not be told. */
  #relight(): void {
    this.#mayBeDark = true;
    this.#relighting ??= this.#relightAll()
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.#asterisk.log.warn({ err: error }, "lamps are lit again at the next change only");
      })
      .finally(() => {
        this.#relighting = undefined;
      });
  }

  async #relightAll(): Promise<void> {
    const { name: asterisk, log } = this.#asterisk;
    let lit = 0;
    while (this.#mayBeDark && !this.#closing.signal.aborted) {
      this.#mayBeDark = false;
      let claimed: string | undefined;
      try {
        const { run } = await this.#wayNow();
        const isOurs = await this.#notes.claim(asterisk, run);
        if (isOurs) claimed = run;
        for await (const [name, { run: before, counts }] of this.#notes.all(asterisk)) {
          if (before === run || (before !== OWED && isDark(counts))) continue;
          // Another program is at it; whether it comes to the end is seen later.
          if (!isOurs) this.#mayBeDark = true;
          if (!isOurs || this.#lamps.has(name)) continue;
          await this.#publish(name, counts);
          lit++;
        }
      } catch (error) {
        if (claimed !== undefined) await this.#notes.release(asterisk, claimed);
        // The next connection begins it again, and may have done so already.
        if (isCode(error, "ASTERISK_UNREACHABLE", "ABORTED")) continue;
        this.#mayBeDark = true;
        log.debug({ err: error }, "lamps are not yet lit again");
      }
      if (this.#mayBeDark) await this.#pause();
    }
    if (lit > 0) log.info({ lit }, "lamps lit again");
  }

  #pause(): Promise<void> {
    return sleep(AGAIN_MS, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
  }

  async #put(name: string, counts: Counts): Promise<void> {
    await this.#asterisk.requests.put(`/mailboxes/${encodeURIComponent(name)}`, {
      query: { newMessages: counts.new + counts.urgent, oldMessages: counts.old },
      signal: this.#closing.signal,
    });
  }

  /** A stock Asterisk has no `/mailboxes`, but an application that does the same. */
  async #originate(name: string, counts: Counts): Promise<void> {
    await this.#asterisk.requests.post("/channels", {
      // The other half of the channel is never answered, so its extension is never run.
      query: {
        endpoint: "Local/mwi@voxpost-internal",
        context: "voxpost-internal",
        extension: "mwi",
        timeout: 5,
      },
      body: {
        variables: {
          VOXPOST_MAILBOX: name,
          VOXPOST_URGENT: String(counts.urgent),
          VOXPOST_NEW: String(counts.new),
          VOXPOST_OLD: String(counts.old),
        },
      },
      signal: this.#closing.signal,
    });
  }
}

function isDark({ urgent, new: unheard, old }: Counts): boolean {
  return urgent + unheard + old === 0;
}
