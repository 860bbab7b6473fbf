import type { Phone } from "../lab/phone.ts";
import { waitUntil } from "../lab/processes.ts";

/** A phone that has heard nothing for this long hears nothing, milliseconds. */
const QUIET_MS = 600;
/** Longest prompt that is waited for, with a reserve for a busy machine, milliseconds. */
const PROMPT_MS = 60_000;
const ANSWER_MS = 15_000;
/** Asterisk cannot tell keys apart that follow each other faster than 45 ms. */
const KEY = { toneMs: 100, gapMs: 100 };

export function press(phone: Phone, keys: string): Promise<void> {
  return phone.press(keys, KEY);
}

/** Milliseconds from the release of a key to the first packet of what is said next. The phone hears nothing before. */
export async function answerTo(phone: Phone, key: string): Promise<number> {
  await press(phone, key);
  return firstAfter(phone, performance.now() - KEY.gapMs);
}

/** Milliseconds from a moment to the first packet after it. */
export async function firstAfter(phone: Phone, moment: number): Promise<number> {
  const first = () => phone.arrivals.find((arrival) => arrival > moment);
  await waitUntil(() => first() !== undefined, ANSWER_MS, `phone ${phone.number} to hear an answer`);
  return (first() ?? Number.NaN) - moment;
}

/** Waits until something was said from now on, and is over. */
export async function quiet(phone: Phone): Promise<void> {
  const since = performance.now();
  const isOver = (last: number) => last > since && performance.now() - last > QUIET_MS;
  await waitUntil(
    () => isOver(phone.arrivals.at(-1) ?? 0),
    PROMPT_MS,
    `phone ${phone.number} to hear something, and then nothing`,
  );
}

/** The longest time without a packet between two moments in which something is said all the time, milliseconds. */
export function longestHole(phone: Phone, from: number, to = Number.POSITIVE_INFINITY): number {
  const heard = phone.arrivals.filter((arrival) => arrival > from && arrival < to);
  return Math.max(...heard.slice(1).map((arrival, index) => arrival - (heard[index] ?? arrival)));
}
