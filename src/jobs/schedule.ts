import type { Logger } from "../log.ts";
import type { Sweep, SweepResult } from "./sweep.ts";

export interface ScheduleOptions {
  readonly sweeps: ReadonlyMap<string, Sweep>;
  readonly everySeconds: number;
  readonly log: Logger;
}

/**
 * Runs each Asterisk's sweep at the start and then again and again. By a timer and not by the queue: it must run while Redis is
 * away as well, and each program knows its own Asterisks.
 */
export class SweepSchedule {
  readonly #options: ScheduleOptions;
  readonly #stopping = new AbortController();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #results = new Map<string, SweepResult & { readonly at: Date }>();
  /** Told once, when it goes away. */
  readonly #away = new Set<string>();

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** What the last sweep that succeeded saw, and when, by Asterisk: for metrics and health. */
  get results(): ReadonlyMap<string, SweepResult & { readonly at: Date }> {
    return this.#results;
  }

  start(): void {
    for (const asterisk of this.#options.sweeps.keys()) void this.now(asterisk);
  }

  /** Sweeps at once, as after a reconnect; joins a sweep that is running. Never rejects. */
  now(asterisk: string): Promise<void> {
    const running = this.#running.get(asterisk) ?? this.#sweep(asterisk);
    this.#running.set(asterisk, running);
    return running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#running.values());
  }

  async #sweep(asterisk: string): Promise<void> {
    const { sweeps, everySeconds, log } = this.#options;
    clearTimeout(this.#timers.get(asterisk));
    try {
      const result = await sweeps.get(asterisk)?.run(this.#stopping.signal);
      if (result) this.#results.set(asterisk, { ...result, at: new Date() });
      this.#away.delete(asterisk);
    } catch (error) {
      const level = this.#away.has(asterisk) ? "debug" : "warn";
      this.#away.add(asterisk);
      log[level]({ err: error, asterisk }, "sweep put off: Asterisk does not answer");
    }
    this.#running.delete(asterisk);
    if (this.#stopping.signal.aborted) return;
    this.#timers.set(
      asterisk,
      setTimeout(() => void this.now(asterisk), everySeconds * 1_000),
    );
  }
}
