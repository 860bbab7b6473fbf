import { setTimeout as sleep } from "node:timers/promises";
import { aborted } from "../../faults.ts";

/** How long a server asks to wait (RFC 9110, 10.2.3), milliseconds; undefined when it does not, or not in a way to heed. */
export function retryAfterMs(response: Response, now = Date.now()): number | undefined {
  const value = response.headers.get("retry-after");
  if (value === null || (response.status !== 429 && response.status !== 503)) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  // By the server's own clock, if it shows one: ours may be another.
  const there = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(date) ? undefined : Math.max(0, date - (Number.isNaN(there) ? now : there));
}

/** @throws VoxpostError what the signal fired with */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {
    throw aborted(signal);
  });
}
