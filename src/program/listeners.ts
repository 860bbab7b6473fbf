import { VoxpostError } from "../errors.ts";
import { externnotify } from "../jobs/externnotify.ts";
import { type Tell, tellCounts } from "../jobs/tell-counts.ts";
import { ToldCounts } from "../jobs/told-counts.ts";
import { webhook } from "../jobs/webhook.ts";
import type { Processors } from "../jobs/worker.ts";
import type { Counts } from "../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Ground } from "./ground.ts";

/** Whoever outside is told of mailboxes' counts, each by jobs of their own: one that hangs delays nobody else. */
export interface Listeners {
  /** Each is to be told of what the mailbox holds. @throws QUEUE_UNREACHABLE */
  tell(mailbox: MailboxAddress): Promise<void>;
  /** Whether each was told these counts. @throws QUEUE_UNREACHABLE */
  know(mailbox: MailboxAddress, counts: Counts): Promise<boolean>;
  readonly processors: Pick<Processors, "externnotify" | "webhook">;
}

type Needed = Pick<Ground, "config" | "queues" | "snapshots" | "telemetry">;

export function openListeners({ config, queues, snapshots, telemetry }: Needed): Listeners {
  const listener = (name: "externnotify" | "webhook", tell: Tell) => {
    const told = new ToldCounts(queues.redis, name);
    const deps = { snapshots, told, tell: telemetry.tell(name, tell) };
    const process = telemetry.job(name, (job, signal) => tellCounts(job, deps, signal));
    return { name, told, process };
  };
  const listeners = [
    ...(config.externnotify ? [listener("externnotify", externnotify(config.externnotify))] : []),
    ...(config.webhook ? [listener("webhook", webhook(config.webhook))] : []),
  ];
  return {
    async tell(mailbox) {
      const taken = await Promise.all(listeners.map(({ name }) => queues.tell(name, mailbox)));
      if (taken.every(Boolean)) return;
      throw new VoxpostError(
        "QUEUE_UNREACHABLE",
        `Nobody is told yet of what ${formatMailbox(mailbox)} holds`,
      );
    },
    async know(mailbox, counts) {
      const known = await Promise.all(listeners.map(({ told }) => told.knows(mailbox, counts)));
      return known.every(Boolean);
    },
    processors: Object.fromEntries(listeners.map(({ name, process }) => [name, process])),
  };
}
