import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../../log.ts";
import { follow } from "../../signals.ts";
import type { Connection } from "./connection.ts";

/** Waits between attempts to get a lost connection back: doubled each time, milliseconds. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** Longest wait for the answer to a NOOP, milliseconds. */
const NOOP_MS = 30_000;

interface WatchManner {
  readonly log: Logger;
  readonly pollMs: number;
}

/** How a watched folder is reached; `end` gives the connection back. */
export type OpenWatch = () => Promise<{ connection: Connection; end: () => Promise<void> }>;

/**
 * Listens by IDLE (RFC 2177), or asks by NOOP every `pollMs` where there is none, and calls back after each change, until the
 * signal fires. Resolves when it listens; afterwards a lost connection is got back by itself, and counts as a change.
 */
export async function watchFolder(
  open: OpenWatch,
  path: (connection: Connection) => Promise<string>,
  onChange: () => void,
  signal: AbortSignal,
  manner: WatchManner,
): Promise<void> {
  const first = await listen(open, path, onChange);
  void keepListening(first, () => listen(open, path, onChange), onChange, signal, manner);
}

async function listen(
  open: OpenWatch,
  path: (connection: Connection) => Promise<string>,
  onChange: () => void,
) {
  const held = await open();
  try {
    const { client } = held.connection;
    await held.connection.select(await path(held.connection));
    for (const event of ["exists", "expunge", "flags"] as const) client.on(event, onChange);
    return held;
  } catch (error) {
    await held.end();
    throw error;
  }
}

async function keepListening(
  first: Awaited<ReturnType<OpenWatch>>,
  again: OpenWatch,
  onChange: () => void,
  signal: AbortSignal,
  { log, pollMs }: WatchManner,
): Promise<void> {
  let held: typeof first | undefined = first;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    if (held) {
      wait = FIRST_WAIT_MS;
      await idle(held.connection, signal, pollMs);
      await held.end();
      held = undefined;
      continue;
    }
    await sleep(wait, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    held = await again().catch((error: unknown) => {
      log.warn({ err: error, waitMs: wait }, "a watched mailbox is out of reach; it is tried again");
      return undefined;
    });
    if (held) onChange();
  }
  await held?.end();
}

/** Until the connection is lost or the signal fires. */
async function idle(connection: Connection, signal: AbortSignal, pollMs: number): Promise<void> {
  const { client } = connection;
  const stop = () => client.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (!signal.aborted && client.usable) {
      if (client.capabilities.has("IDLE")) {
        if ((await client.idle()) === false) return;
      } else {
        await sleep(pollMs, undefined, { signal, ref: false });
        const { controller, release } = follow(signal, AbortSignal.timeout(NOOP_MS));
        await connection.bounded(controller.signal, () => connection.noop()).finally(release);
      }
    }
  } catch {
    // Lost; the caller opens another.
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
