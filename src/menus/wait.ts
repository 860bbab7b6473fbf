import { setTimeout as sleep } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { Call } from "../ivr/call.ts";

/** Longest that a caller waits for the store, milliseconds. */
export const STORE_WAIT = 8000;
/** After this much silence a caller is told that something is going on, milliseconds. */
const SILENCE = 1500;

/**
 * Work that ends in time whether or not it heeds its signal: when the time is over it is told to stop, and nobody waits
 * for it any more. @throws STORE_TIMEOUT
 */
export async function within<T>(
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const limit = new AbortController();
  const signal = outer ? AbortSignal.any([outer, limit.signal]) : limit.signal;
  const timer = setTimeout(() => limit.abort(), ms);
  const stopped = new Promise<never>((_, reject) => {
    const stop = () =>
      reject(
        limit.signal.aborted
          ? new VoxpostError("STORE_TIMEOUT", `${what} took longer than ${ms} ms`)
          : new VoxpostError("CALL_GONE", `${what}: the caller has hung up`),
      );
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work(signal), stopped]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for work that has a bound of its own, and breaks a long silence (`silence` in milliseconds) with a word, at
 * first soon and then now and again.
 */
export async function patiently<T>(call: Call, work: Promise<T>, silence = SILENCE): Promise<T> {
  work.catch(() => undefined);
  let pause = silence;
  while (await lastsLonger(work, pause)) {
    await call.play(["one-moment-please"], { bargeIn: "none" });
    pause = 2 * silence;
  }
  return work;
}

async function lastsLonger(work: Promise<unknown>, ms: number): Promise<boolean> {
  const stop = new AbortController();
  const over = sleep(ms, true, { signal: stop.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => false).catch(() => false), over]);
  } finally {
    stop.abort();
  }
}

/** Work that may not notice the hang-up: nobody waits for it after one. @throws CALL_GONE */
export async function untilGone<T>({ signal }: Call, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  let stop = () => {};
  const gone = new Promise<never>((_, reject) => {
    stop = () => reject(new VoxpostError("CALL_GONE", "The caller has hung up"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, gone]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
