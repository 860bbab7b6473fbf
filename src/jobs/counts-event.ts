import { z } from "zod";
import type { Counts } from "../model/folder.ts";
import type { MailboxAddress } from "../model/mailbox.ts";

const count = z.number().int().min(0);

/** What a webhook is sent; docs/externnotify.schema.json is written from it. Fields may be added, never changed. */
export const countsEvent = z
  .object({
    event: z.literal("counts"),
    id: z.uuid().describe("The same when the same is sent again: after an answer that was lost, or a crash."),
    time: z.iso
      .datetime()
      .describe("When the mailbox was counted, UTC. Of two events of one mailbox the later one is true."),
    context: z.string().describe("Voicemail context, such as default."),
    mailbox: z.string().describe("Such as 1001."),
    counts: z.object({
      new: count.describe("Not heard and not urgent."),
      old: count.describe("Heard."),
      urgent: count.describe("Not heard and urgent; a phone's lamp counts these as new."),
    }),
  })
  .describe("The counts of a mailbox have changed.");

/** The counts of a mailbox at a moment, for somebody outside who has not been told of them. */
export interface CountsEvent {
  readonly id: string;
  readonly at: Date;
  readonly mailbox: MailboxAddress;
  readonly counts: Counts;
}

export function toJson({ id, at, mailbox, counts }: CountsEvent): string {
  const { new: unheard, old, urgent } = counts;
  return JSON.stringify({
    event: "counts",
    id,
    time: at.toISOString(),
    context: mailbox.context,
    mailbox: mailbox.mailbox,
    counts: { new: unheard, old, urgent },
  } satisfies z.input<typeof countsEvent>);
}
