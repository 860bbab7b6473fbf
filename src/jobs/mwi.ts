import { VoxpostError } from "../errors.ts";
import type { Counts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import type { Lamp } from "./lamp.ts";
import type { JobData } from "./table.ts";

export interface MwiDeps {
  readonly snapshots: Pick<Snapshots, "refresh">;
  readonly lamp: Lamp;
  /** Makes a job for whoever else is told. @throws QUEUE_UNREACHABLE */
  readonly tellOthers: (mailbox: MailboxAddress) => Promise<void>;
}

/** Tells the lamps what the mailbox holds at this moment, so a request too many does no harm. */
export async function mwi(
  mailbox: JobData<"mwi">,
  { snapshots, lamp, tellOthers }: MwiDeps,
  signal: AbortSignal,
): Promise<void> {
  const counts = await countsOf(mailbox, snapshots, signal);
  // Neither waits for the other.
  await Promise.all([lamp.publish(mailbox, counts, signal), tellOthers(mailbox)]);
}

/** As the store has them now; never zero because nobody answered. @throws what the store throws */
export async function countsOf(
  mailbox: MailboxAddress,
  snapshots: MwiDeps["snapshots"],
  signal: AbortSignal,
): Promise<Counts> {
  const { counts } = await snapshots.refresh(mailbox, signal, "messages");
  if (counts) return counts;
  throw new VoxpostError("STORE_TIMEOUT", `${formatMailbox(mailbox)} was not counted`);
}
