import { setTimeout as sleep } from "node:timers/promises";
import { isCode, VoxpostError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { formatMailbox } from "../../model/mailbox.ts";
import type { Engine } from "../engine.ts";
import { follow, Operations } from "../signals.ts";
import { layer } from "./layer.ts";

/** Told when the server shows a sign of life (`trying`: one operation will be let through), and when one has succeeded (`closed`). */
export type OnBack = (state: "trying" | "closed") => void;

export interface BreakerOptions {
  readonly log: Logger;
  /** After so many failures in a row nobody waits any more. Default 5. */
  readonly failures?: number;
  /** Pause before the server is asked again, milliseconds, and the longest: each that fails doubles it. Default 1,000 and 15,000. */
  readonly firstMs?: number;
  readonly longestMs?: number;
  /** Given up by whoever asked after this long, an operation counts as failed, milliseconds. Default 5,000. */
  readonly patienceMs?: number;
  readonly onBack?: OnBack | undefined;
  /** Default: the clock. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** `closed` lets everything through, as in a circuit; `trying` lets one operation through, and its end decides. */
type State = "closed" | "open" | "trying";

/**
 * Fails at once while the server behind the engine is dead, so that a caller who asks for it waits for nothing, and no worker is
 * kept from jobs for other servers. It opens after failures of at least two mailboxes, because one broken account is no
 * dead server; while it is open the server is asked for a sign of life (`check`) in the background.
 */
export function withBreaker(inner: Engine, options: BreakerOptions): Engine {
  const breaker = new Breaker(inner, options);
  return {
    // Whoever asks whether the server lives is to hear what the server says.
    ...layer(inner, (operation, signal, run, mailbox) =>
      operation === "check"
        ? breaker.check(run(signal))
        : breaker.run(() => run(signal), mailbox && formatMailbox(mailbox)),
    ),
    async open() {
      breaker.start();
      await inner.open();
    },
    async close() {
      breaker.stop();
      await inner.close();
    },
  };
}

class Breaker {
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #limit: number;
  readonly #pauses: readonly [first: number, longest: number];
  readonly #patienceMs: number;
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #onBack: OnBack;
  readonly #operations = new Operations();
  #state: State = "closed";
  /** Since the last answer, and whose. */
  #failures = 0;
  readonly #mailboxes = new Set<string>();
  #pauseMs: number;
  /** How often it was opened. */
  #breaks = 0;
  /** The last sign of life that was asked for did not come. */
  #isSilent = false;

  constructor(engine: Engine, options: BreakerOptions) {
    const { log, failures = 5, firstMs = 1_000, longestMs = 15_000, patienceMs = 5_000 } = options;
    this.#engine = engine;
    this.#log = log;
    this.#limit = failures;
    this.#pauses = [firstMs, longestMs];
    this.#pauseMs = firstMs;
    this.#patienceMs = patienceMs;
    this.#onBack = options.onBack ?? (() => {});
    this.#wait = options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal, ref: false }));
  }

  start(): void {
    this.#operations.open();
  }

  stop(): void {
    this.#operations.close();
  }

  /** @throws VoxpostError STORE_UNREACHABLE at once while the server is taken for dead; else what the operation throws */
  async run<T>(operation: () => Promise<T>, mailbox: string | undefined): Promise<T> {
    if (this.#state === "open") throw this.#refusal();
    const isTrial = this.#state === "trying";
    // The others wait for its end.
    if (isTrial) this.#state = "open";
    const startedAt = performance.now();
    try {
      const result = await operation();
      this.#answered();
      return result;
    } catch (error) {
      const verdict = judge(error, performance.now() - startedAt > this.#patienceMs);
      if (verdict === "answered") this.#answered();
      else if (verdict === "failed") this.#failed(mailbox);
      if (isTrial && verdict !== "answered") this.#break();
      throw error;
    }
  }

  /**
   * Somebody else asks for a sign of life. The first after a silence ends the pause; from a server that shows them and does nothing
   * else they tell nothing.
   */
  async check<T>(checking: Promise<T>): Promise<T> {
    try {
      const answer = await checking;
      if (this.#isSilent) this.#try();
      return answer;
    } catch (error) {
      if (judge(error, true) === "failed") this.#isSilent = true;
      throw error;
    }
  }

  #answered(): void {
    const wasClosed = this.#state === "closed";
    this.#state = "closed";
    this.#failures = 0;
    this.#mailboxes.clear();
    this.#pauseMs = this.#pauses[0];
    if (wasClosed) return;
    this.#log.info({ engine: this.#engine.name }, "the store answers again");
    this.#onBack("closed");
  }

  #try(): void {
    if (this.#state !== "open") return;
    this.#state = "trying";
    this.#isSilent = false;
    this.#onBack("trying");
  }

  #failed(mailbox: string | undefined): void {
    this.#failures++;
    if (mailbox !== undefined) this.#mailboxes.add(mailbox);
    if (this.#state !== "closed" || this.#failures < this.#limit || this.#mailboxes.size < 2) return;
    this.#log.error(
      { engine: this.#engine.name, failures: this.#failures },
      "the store does not answer: nobody waits for it until it does",
    );
    this.#break();
  }

  #break(): void {
    this.#state = "open";
    this.#breaks++;
    void this.#operations.run(undefined, (signal) => this.#untilAlive(signal)).catch(() => {});
  }

  async #untilAlive(signal: AbortSignal): Promise<void> {
    const own = this.#breaks;
    for (;;) {
      await this.#wait(this.#pauseMs, signal);
      this.#pauseMs = Math.min(2 * this.#pauseMs, this.#pauses[1]);
      // An operation that began before may have been answered meanwhile, or somebody else's sign of life.
      if (this.#state !== "open" || this.#breaks !== own || signal.aborted) return;
      const { controller, release } = follow(signal, AbortSignal.timeout(this.#patienceMs));
      const isAlive = await this.#engine
        .check(controller.signal)
        .then(() => true)
        .catch((error) => judge(error, true) === "answered")
        .finally(release);
      this.#isSilent = !isAlive;
      if (isAlive) this.#try();
      if (this.#state !== "open") return;
    }
  }

  #refusal(): VoxpostError {
    const message = `${this.#engine.name} did not answer ${this.#failures} times in a row and is not asked until it does`;
    return new VoxpostError("STORE_UNREACHABLE", message);
  }
}

/** An error is an answer too, unless it says that there was none. */
function judge(error: unknown, late: boolean): "answered" | "failed" | "unknown" {
  if (isCode(error, "STORE_UNREACHABLE", "STORE_TIMEOUT")) return "failed";
  if (isCode(error, "ABORTED")) return late ? "failed" : "unknown";
  return error instanceof VoxpostError && error.code !== "INTERNAL" ? "answered" : "unknown";
}
