import { setTimeout as sleep } from "node:timers/promises";
import { isCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import { follow } from "../storage/signals.ts";
import type { Queues } from "./queues.ts";

export interface RecoveryOptions {
  readonly queues: Pick<Queues, "hurry">;
  /** Resolves when the store answers. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** How often a store that is away is asked, milliseconds. Default 5,000, with a fifth of chance. */
  readonly everyMs?: number;
  /** After this long all jobs follow the first ones, milliseconds. Default 1,000, with the same. */
  readonly settleMs?: number;
}

/** How long an answer may take, milliseconds. */
const ANSWER_MS = 5_000;

/**
 * Jobs that were put off, for minutes after a long outage, are tried at once when what they wait for is back. No herd comes of it:
 * of each kind the first goes ahead, and as many follow at a time as the workers take.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #stopping = new AbortController();
  #isAsking = false;
  #following: NodeJS.Timeout | undefined;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** A job is put off. A store that is away, and not one account alone, is asked until it is back. */
  failed(error: unknown): void {
    if (this.#isAsking || !isCode(error, "STORE_UNREACHABLE", "STORE_TIMEOUT")) return;
    this.#isAsking = true;
    this.#ask()
      .catch(() => {}) // stopped
      .finally(() => {
        this.#isAsking = false;
      });
  }

  /** Something that was away may be back: one job of each kind is to show it. */
  sign(): void {
    if (!this.#stopping.signal.aborted) void this.#options.queues.hurry("first");
  }

  /** Something that was away answers again. */
  back(): void {
    if (this.#stopping.signal.aborted) return;
    const { queues, settleMs = 1_000 } = this.#options;
    this.sign();
    clearTimeout(this.#following);
    this.#following = setTimeout(() => void queues.hurry("all"), varied(settleMs));
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#following);
  }

  async #ask(): Promise<void> {
    const { signal } = this.#stopping;
    const { everyMs = 5_000, log } = this.#options;
    if (await this.#answers()) return;
    do await sleep(varied(everyMs), undefined, { signal, ref: false });
    while (!(await this.#answers()));
    log.info("the store is back: what was put off is tried now");
    this.back();
  }

  async #answers(): Promise<boolean> {
    const { controller, release } = follow(this.#stopping.signal, AbortSignal.timeout(ANSWER_MS));
    try {
      await this.#options.check(controller.signal);
      return true;
    } catch {
      return false;
    } finally {
      release();
    }
  }
}

/** Several programs need not come in the same moment. */
function varied(ms: number): number {
  return ms * (0.8 + 0.4 * Math.random());
}
