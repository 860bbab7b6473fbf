import { aborted, throwIfAborted } from "./faults.ts";

/**
 * A controller that also aborts when one of the given signals does, until it is released. Node's AbortSignal.any keeps a
 * note of every signal made from a long-lived one, and a program that runs for months makes millions.
 */
export function follow(...signals: readonly (AbortSignal | undefined)[]): {
  controller: AbortController;
  release: () => void;
} {
  const controller = new AbortController();
  const followed = signals.flatMap((signal) => {
    if (!signal) return [];
    const abort = () => controller.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    return [{ signal, abort }];
  });
  const release = () => {
    for (const { signal, abort } of followed) signal.removeEventListener("abort", abort);
  };
  return { controller, release };
}

/** The work's result, or the signal's error as soon as that fires; the work itself goes on then, and `discard` gets what it brings. */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => void = () => {},
): Promise<T> {
  let stop = () => {};
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(aborted(signal));
  });
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, ended]);
  } catch (error) {
    work.then(discard, () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The operations of one engine that are under way: closing ends them all. */
export class Operations {
  readonly #running = new Set<AbortController>();
  #closed = false;

  open(): void {
    this.#closed = false;
  }

  close(): void {
    this.#closed = true;
    for (const controller of this.#running) controller.abort();
  }

  /** For work that takes no time. @throws VoxpostError ABORTED */
  check(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (this.#closed) throwIfAborted(AbortSignal.abort());
  }

  /** @throws VoxpostError ABORTED when the signal fires or the engine is closed meanwhile, whatever the work throws then */
  async run<T>(signal: AbortSignal | undefined, work: (alive: AbortSignal) => Promise<T>): Promise<T> {
    const { controller, release } = this.#begin(signal);
    try {
      throwIfAborted(controller.signal);
      return await work(controller.signal);
    } catch (error) {
      throw controller.signal.aborted ? aborted(controller.signal) : error;
    } finally {
      this.#running.delete(controller);
      release();
    }
  }

  /** A signal for what goes on after its operation has ended, until the given signal fires or the engine is closed. */
  lasting(signal: AbortSignal): AbortSignal {
    const { controller } = this.#begin(signal);
    controller.signal.addEventListener("abort", () => this.#running.delete(controller), { once: true });
    return controller.signal;
  }

  #begin(signal: AbortSignal | undefined): ReturnType<typeof follow> {
    const followed = follow(signal);
    if (this.#closed) followed.controller.abort();
    this.#running.add(followed.controller);
    return followed;
  }
}
