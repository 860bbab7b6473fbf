import type { DeduplicationOptions } from "bullmq";
import { z } from "zod";
import { parseName } from "../custody/name.ts";
import { VoxpostError } from "../errors.ts";
import { GREETINGS } from "../model/greeting.ts";
import { formatMailbox, isMailboxName } from "../model/mailbox.ts";

const mailbox = z.object({
  mailbox: z.string().refine(isMailboxName),
  context: z.string().refine(isMailboxName),
});

/**
 * Every kind of job. A job's data is small and tells no secret. Fields may be added, never renamed: jobs of older versions are
 * still in the queue after an update, and unknown fields of newer ones are ignored.
 */
export const JOBS = {
  /** Delivers one recorded message. A second request while one waits or runs adds nothing. */
  deposit: define(
    z.object({
      asterisk: z.string().min(1),
      parts: z.array(z.string()).min(1),
      untried: z.boolean().optional(),
    }),
    ({ parts: [first = ""] }) => ({ id: parseName(first).id }),
  ),
  /** Stores the newest greeting of a kind. A request while one runs makes one more run, for one that was recorded meanwhile. */
  greeting: define(
    z.object({ asterisk: z.string().min(1), mailbox, greeting: z.enum(GREETINGS) }),
    ({ asterisk, mailbox: address, greeting }) => ({
      id: `${asterisk} ${formatMailbox(address)} ${greeting}`,
      keepLastIfActive: true,
    }),
  ),
  /**
   * Counts one mailbox and tells the lamps. A request while one runs makes one more run, since the count may be older; one that
   * was put off is tried at once.
   */
  mwi: define(mailbox, newest),
  /** Tells the site's program what one mailbox holds. Requests as for `mwi`. */
  externnotify: define(mailbox, newest),
  /** The same for the site's webhook. */
  webhook: define(mailbox, newest),
  /** Copies one message to other mailboxes. A second request of the same adds nothing. */
  forward: define(
    z.object({
      id: z.string().regex(/^[0-9a-f]{32}$/),
      from: mailbox,
      message: z.string().min(1),
      to: z.array(mailbox).min(1),
      urgent: z.boolean(),
      at: z.number().optional(),
    }),
    ({ id }) => ({ id }),
  ),
  /** Tells the owner of one stored message by mail. A second request while one waits or runs adds nothing. */
  notice: define(
    z.object({
      mailbox,
      message: z.string().min(1),
      /** When the caller rang, and when this was asked for; milliseconds since 1970. */
      receivedAt: z.number(),
      at: z.number(),
      forwardedBy: mailbox.exactOptional(),
    }),
    ({ message }) => ({ id: message }),
  ),
} as const;

export type JobName = keyof typeof JOBS;
export type JobData<N extends JobName> = z.infer<(typeof JOBS)[N]["schema"]>;

export const jobNames = Object.keys(JOBS) as JobName[];

function newest(address: z.infer<typeof mailbox>): DeduplicationOptions {
  return { id: formatMailbox(address), keepLastIfActive: true, reschedule: true };
}

/** A job from the queue, checked. @throws VoxpostError JOB_INVALID */
export function readJob<N extends JobName>(name: N, data: unknown): JobData<N> {
  const result = JOBS[name].schema.safeParse(data);
  if (result.success) return result.data as JobData<N>;
  throw new VoxpostError(
    "JOB_INVALID",
    `A ${name} job cannot be understood:\n${z.prettifyError(result.error)}`,
  );
}

interface Definition<T> {
  readonly schema: z.ZodType<T>;
  /** What two requests have in common of which one is enough. May throw for data that no processor could use. */
  readonly deduplication: (data: T) => DeduplicationOptions;
}

function define<T>(schema: z.ZodType<T>, deduplication: (data: T) => DeduplicationOptions): Definition<T> {
  return { schema, deduplication };
}
