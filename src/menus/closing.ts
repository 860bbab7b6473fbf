import { setTimeout as sleep } from "node:timers/promises";
import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Store } from "../storage/store.ts";
import type { Item } from "./listing.ts";
import { within } from "./wait.ts";

/** Before each try again, milliseconds: a store that is away for a minute loses no mark. */
export const RETRY_DELAYS: readonly number[] = [1000, 5000, 15_000, 45_000];

/** Longest for one message, milliseconds. */
const OPERATION = 15_000;

/**
 * Carries out what a caller marked: deleted messages go to the trash, heard ones become old unless `moveHeard` is
 * false. It belongs to no call, so
 * it goes on after a hang-up; it ends by itself, and never rejects. A mark that could not be carried out is logged: its
 * message stays where it was.
 */
export async function applyMarks(
  store: Store,
  items: readonly Item[],
  log: Logger,
  { delays = RETRY_DELAYS, moveHeard = true }: { delays?: readonly number[]; moveHeard?: boolean } = {},
): Promise<void> {
  const isHeard = (item: Item) => moveHeard && becomesOld(item);
  let left = items.filter((item) => item.deleted || isHeard(item));
  for (const delay of [0, ...delays]) {
    if (left.length === 0) break;
    await sleep(delay);
    const again: Item[] = [];
    for (const item of left) {
      if ((await apply(store, item, isHeard(item), log)) === "retry") again.push(item);
    }
    left = again;
  }
  for (const { entry, deleted } of left) {
    const { id } = entry.envelope;
    log.error({ id, deleted }, "A message could not be marked after the call; it stays as it was");
  }
}

function becomesOld(item: Item): boolean {
  return item.heard && !item.entry.envelope.heard && !item.keptNew;
}

/** Also what is deleted is marked as heard: got back from the trash it is no new message. */
async function apply(store: Store, item: Item, isHeard: boolean, log: Logger): Promise<"done" | "retry"> {
  const { id } = item.entry.envelope;
  try {
    await within(OPERATION, "Closing a folder", async (signal) => {
      if (isHeard) item.entry = await store.mark(item.entry, { heard: true }, signal);
      if (item.deleted) await store.trash(item.entry, signal);
    });
    return "done";
  } catch (error) {
    // Gone already, by the owner's mail program or another call: what was wanted is true.
    if (isCode(error, "MESSAGE_UNKNOWN")) return "done";
    log.warn({ err: error, id }, "A message could not be marked when its folder was closed");
    return error instanceof VoxpostError && error.retryable ? "retry" : "done";
  }
}
