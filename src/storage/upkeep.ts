import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Engine } from "./engine.ts";

export interface UpkeepParts {
  readonly engine: Engine;
  /** Asked anew for every round. */
  readonly mailboxes: () => Iterable<MailboxAddress>;
  readonly log: Logger;
  /** Pause between two rounds, milliseconds. Default an hour. */
  readonly everyMs?: number;
}

const HOUR = 3_600_000;

/**
 * Lets an engine tidy every mailbox, one after the other, again and again: archives move what is old, mirrors catch up what a replica
 * missed. Does nothing for engines that have nothing to tidy. A mailbox that fails is told and hinders no other.
 */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#parts.engine.tidy) this.#running = this.#rounds();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #rounds(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.run();
      await wait(this.#parts.everyMs ?? HOUR, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** One round. Never rejects. */
  async run(): Promise<void> {
    const { engine, mailboxes, log } = this.#parts;
    const { signal } = this.#stopping;
    for (const mailbox of mailboxes()) {
      if (signal.aborted) return;
      const where = formatMailbox(mailbox);
      try {
        await engine.tidy?.(
          mailbox,
          (finding) => log.info({ ...finding, mailbox: where }, "storage tidied"),
          signal,
        );
      } catch (error) {
        if (!signal.aborted)
          log.warn({ err: error, mailbox: where }, "a mailbox could not be tidied; it is tried again");
      }
    }
  }
}
