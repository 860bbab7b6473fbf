import type { CountsEvent } from "./counts-event.ts";
import { countsOf, type MwiDeps } from "./mwi.ts";
import type { JobData } from "./table.ts";
import type { ToldCounts } from "./told-counts.ts";
import { isWorthRetrying } from "./worker.ts";

/** Tells somebody outside. Resolves when it has arrived. */
export type Tell = (event: CountsEvent, signal: AbortSignal) => Promise<void>;

export interface TellCountsDeps extends Pick<MwiDeps, "snapshots"> {
  readonly told: ToldCounts;
  readonly tell: Tell;
}

/**
 * Tells somebody outside what the mailbox holds at this moment, if they do not know it. Counted anew at each attempt, and one job
 * of a mailbox runs at a time, so that an older count never follows a newer one.
 */
export async function tellCounts(
  mailbox: JobData<"externnotify" | "webhook">,
  { snapshots, told, tell }: TellCountsDeps,
  signal: AbortSignal,
): Promise<void> {
  const event = await told.begin(mailbox, await countsOf(mailbox, snapshots, signal));
  if (!event) return;
  try {
    await tell(event, signal);
  } catch (error) {
    // What was refused is not told again with every look at the mailbox; the next change is.
    if (!isWorthRetrying(error)) await told.end(event);
    throw error;
  }
  await told.end(event);
}
