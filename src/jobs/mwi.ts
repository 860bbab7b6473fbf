import type { Store } from "../storage/store.ts";
import type { Lamp } from "./lamp.ts";
import type { JobData } from "./table.ts";

export interface MwiDeps {
  readonly store: Pick<Store, "counts">;
  readonly lamp: Lamp;
}

/** Tells the lamps what the mailbox holds at this moment, so a request too many does no harm. */
export async function mwi(
  mailbox: JobData<"mwi">,
  { store, lamp }: MwiDeps,
  signal: AbortSignal,
): Promise<void> {
  await lamp.publish(mailbox, await store.counts(mailbox, "INBOX", signal), signal);
}
