import { VoxpostError } from "../errors.ts";
import type { Subscribers } from "../model/subscriber.ts";
import type { DeliverDeps } from "./deliver.ts";
import type { JobData } from "./table.ts";

/** Has owners told of stored messages by mail, those who want it. Whoever asks twice for the same message gets one mail. */
export function announceTo(
  subscribers: Pick<Subscribers, "find">,
  queue: { notice(job: JobData<"notice">): Promise<boolean> },
): NonNullable<DeliverDeps["announce"]> {
  return async ({ id: message, mailbox, receivedAt }, forwardedBy) => {
    if (!subscribers.find(mailbox)?.notices) return;
    const job = { mailbox, message, receivedAt: receivedAt.getTime(), at: Date.now() };
    const taken = await queue.notice({ ...job, ...(forwardedBy ? { forwardedBy } : {}) });
    // Then the delivery is tried again, finds the message in the store, and comes here once more.
    if (!taken) throw new VoxpostError("QUEUE_UNREACHABLE", "The mail about a message was not enqueued");
  };
}
