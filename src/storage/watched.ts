import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Engine } from "./engine.ts";

export interface WatchedParts {
  readonly engine: Pick<Engine, "watch" | "capabilities">;
  /** Mailboxes that are watched at once; each may cost the store a connection. 0: none. */
  readonly most: number;
  /** Somebody changed it: a mail program, another telephone, another program. */
  readonly onChange: (mailbox: MailboxAddress) => void;
  readonly log: Logger;
  /** Pause before a store that did not answer is asked again, milliseconds. Default 30,000. */
  readonly againMs?: number;
  /** A mailbox keeps its place at least this long, milliseconds; default 60,000. */
  readonly keptMs?: number;
}

interface Watched {
  readonly mailbox: MailboxAddress;
  readonly ending: AbortController;
  readonly since: number;
}

/** Several changes in a moment are one, milliseconds. */
const MOMENT_MS = 200;

/** Watches those mailboxes that were used last, and no more than the store can bear. */
export class WatchedMailboxes {
  readonly #parts: WatchedParts;
  /** The one that was used longest ago comes first. */
  readonly #watched = new Map<string, Watched>();

  constructor(parts: WatchedParts) {
    this.#parts = parts;
  }

  /** Those that are watched, the one that was used longest ago first. */
  get mailboxes(): readonly MailboxAddress[] {
    return [...this.#watched.values()].map(({ mailbox }) => mailbox);
  }

  /** It is in use: it is watched from now on, in the place of the one that was used longest ago. */
  touch(mailbox: MailboxAddress): void {
    const { most, keptMs = 60_000 } = this.#parts;
    const key = formatMailbox(mailbox);
    const known = this.#watched.get(key);
    if (known) {
      this.#watched.delete(key);
      this.#watched.set(key, known);
      return;
    }
    const [oldest] = this.#watched;
    if (oldest && this.#watched.size >= most) {
      // Where more are in use than may be watched, they would only open and close connections.
      if (Date.now() - oldest[1].since < keptMs) return;
      this.#end(...oldest);
    }
    this.#begin(key, mailbox);
  }

  /** Gives places that are free to these, as after the start, when nobody has used anything yet. */
  fill(mailboxes: Iterable<MailboxAddress>): void {
    for (const mailbox of mailboxes) {
      if (this.#watched.size >= this.#parts.most) return;
      const key = formatMailbox(mailbox);
      if (!this.#watched.has(key)) this.#begin(key, mailbox);
    }
  }

  stop(): void {
    for (const [key, watched] of [...this.#watched]) this.#end(key, watched);
  }

  #begin(key: string, mailbox: MailboxAddress): void {
    const { engine, most } = this.#parts;
    if (most === 0 || !engine.capabilities.watch) return;
    const watched = { mailbox, ending: new AbortController(), since: Date.now() };
    this.#watched.set(key, watched);
    void this.#watch(watched);
  }

  #end(key: string, { ending }: Watched): void {
    this.#watched.delete(key);
    ending.abort();
  }

  async #watch({ mailbox, ending: { signal } }: Watched): Promise<void> {
    const { engine, onChange, log, againMs = 30_000 } = this.#parts;
    let isComing = false;
    const changed = () => {
      if (isComing) return;
      isComing = true;
      setTimeout(() => {
        isComing = false;
        if (!signal.aborted) onChange(mailbox);
      }, MOMENT_MS).unref();
    };
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await engine.watch?.(mailbox, changed, signal);
        // What happened meanwhile nobody has told.
        if (failures > 0) changed();
        return;
      } catch (error) {
        log.debug({ err: error, mailbox: formatMailbox(mailbox) }, "a mailbox is not watched yet");
        await wait(againMs, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }
}
