import { VoxpostError } from "../errors.ts";
import { formatMailbox } from "../model/mailbox.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import type { Lamp } from "./lamp.ts";
import type { JobData } from "./table.ts";

export interface MwiDeps {
  readonly snapshots: Pick<Snapshots, "refresh">;
  readonly lamp: Lamp;
}

/** Tells the lamps what the mailbox holds at this moment, so a request too many does no harm. */
export async function mwi(
  mailbox: JobData<"mwi">,
  { snapshots, lamp }: MwiDeps,
  signal: AbortSignal,
): Promise<void> {
  const { counts } = await snapshots.refresh(mailbox, signal, "messages");
  // Never zero because nobody answered.
  if (!counts) throw new VoxpostError("STORE_TIMEOUT", `${formatMailbox(mailbox)} was not counted`);
  await lamp.publish(mailbox, counts, signal);
}
