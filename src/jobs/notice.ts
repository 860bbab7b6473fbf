import type { Ledger } from "../custody/ledger.ts";
import type { Locks } from "../custody/lock.ts";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox } from "../model/mailbox.ts";
import type { Notices } from "../model/notices.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";
import { composePage, type Notice } from "../notices/compose.ts";
import type { Sent } from "../notices/smtp.ts";
import type { Entry } from "../storage/engine.ts";
import { follow } from "../storage/signals.ts";
import type { Store } from "../storage/store.ts";
import type { Enqueue } from "./enqueue.ts";
import { Mailed } from "./mailed.ts";
import { type NoticeMailDeps, sendMail } from "./notice-mail.ts";
import type { JobData } from "./table.ts";

export interface NoticeDeps extends NoticeMailDeps {
  readonly store: Pick<Store, "find" | "audio" | "counts" | "trash">;
  readonly subscribers: Pick<Subscribers, "find">;
  readonly locks: Locks;
  readonly ledger: Ledger;
  readonly enqueue: Pick<Enqueue, "mwi">;
  readonly log: Logger;
}

/** Mail servers give up about then (RFC 5321, 4.5.4.1), and nobody needs to be told of last week's message. */
const GIVE_UP_MS = 5 * 86_400_000;

/**
 * Tells the owner of one stored message by mail. May be run again, and by several workers at once, at any point: each address gets
 * its mail once, unless a program dies between the server's answer and the ledger (docs/notices.md).
 * @throws VoxpostError MAIL_UNREACHABLE, for five days; whatever keeps the message from being read
 */
export async function notice(job: JobData<"notice">, deps: NoticeDeps, signal: AbortSignal): Promise<void> {
  const log = deps.log.child({ message: job.message, mailbox: formatMailbox(job.mailbox) });
  const subscriber = deps.subscribers.find(job.mailbox);
  const notices = subscriber?.notices;
  if (!notices) return log.info("no mail: the mailbox has no address any more");
  if (isTooOld(job)) return log.error("no mail: it could not be sent for five days");
  const telling = { ...deps, job, subscriber, notices, log };
  await deps.locks.hold(`notice-${job.message}`, async (held) => {
    const { controller, release } = follow(signal, held);
    try {
      await tell(telling, controller.signal);
    } catch (error) {
      log.info({ reason: error instanceof Error ? error.message : error }, "not told by mail yet");
      throw error;
    } finally {
      release();
    }
  });
}

interface Telling extends NoticeDeps {
  readonly job: JobData<"notice">;
  readonly subscriber: Subscriber;
  readonly notices: Notices;
}

function isTooOld({ at }: JobData<"notice">): boolean {
  return Date.now() - at > GIVE_UP_MS;
}

async function tell(telling: Telling, signal: AbortSignal): Promise<void> {
  const { job, log, notices, smtp, ledger } = telling;
  const entry = await find(telling, signal);
  if (!entry) return log.info("no mail: the message was deleted before");
  const composed = await describe(entry, telling, signal);
  const mailed = new Mailed(ledger, job.message, "notice");
  const paged = new Mailed(ledger, job.message, "page");
  // Whoever has heard it need not be called to it.
  const pagers = entry.envelope.heard ? [] : notices.pager;
  const later = [
    ...(await sendOnce(notices.email, mailed, log, (to) => sendMail(composed, entry, to, telling, signal))),
    ...(await sendOnce(pagers, paged, log, async (to) => ({
      ...(await smtp.send(composePage(composed, to), signal)),
      whole: false,
    }))),
  ];
  const [{ answer } = {}] = later;
  if (answer !== undefined) {
    throw new VoxpostError("MAIL_UNREACHABLE", `The mail server takes a mail later, it says: ${answer}`);
  }
  if (notices.deleteWhenSent && (await mailed.isWhole(notices.email))) await remove(telling, signal);
}

/** Undefined when it was purged, or deleted: nobody is sent to look for it. */
async function find({ job, store }: Telling, signal: AbortSignal): Promise<Entry | undefined> {
  const receivedSince = new Date(job.receivedAt);
  const entry = await store.find(job.mailbox, job.message, { receivedSince, signal });
  return entry?.envelope.folder === "Trash" ? undefined : entry;
}

async function describe(
  { envelope }: Entry,
  { job, store, subscriber, subscribers, notices }: Telling,
  signal: AbortSignal,
): Promise<Notice> {
  const { fullName: name, timezone } = subscriber;
  const counts = await store.counts(job.mailbox, "INBOX", signal);
  const sender = job.forwardedBy && subscribers.find(job.forwardedBy)?.fullName;
  return {
    notices,
    timezone,
    facts: {
      envelope,
      ...(name ? { name } : {}),
      number: Math.max(1, counts.new + counts.urgent),
      ...(job.forwardedBy
        ? { forwarded: { from: job.forwardedBy, at: new Date(job.at), ...(sender ? { name: sender } : {}) } }
        : {}),
    },
  };
}

/** Sends to those who wait for theirs. @returns who does afterwards, and why */
async function sendOnce(
  addresses: readonly string[],
  mailed: Mailed,
  log: Logger,
  send: (to: readonly string[]) => Promise<Sent & { readonly whole: boolean }>,
): Promise<Sent["later"]> {
  const waiting = await mailed.waiting(addresses);
  if (waiting.length === 0) return [];
  const { accepted, refused, later, whole } = await send(waiting);
  for (const address of accepted) await mailed.settle(address, whole ? "whole" : "over");
  for (const { address, answer } of refused) {
    await mailed.settle(address, "over");
    log.error({ address, answer }, "a mail about a message was refused for good");
  }
  if (accepted.length > 0) log.info({ addresses: accepted.length, whole }, "told by mail");
  return later;
}

/** Of what the owner did with it meanwhile nothing is undone. */
async function remove(telling: Telling, signal: AbortSignal): Promise<void> {
  const { job, store, enqueue, log } = telling;
  const entry = await find(telling, signal);
  if (entry?.envelope.folder !== "INBOX") return;
  await store.trash(entry, signal);
  log.info("the message went to the trash: its mail was accepted");
  await enqueue.mwi(job.mailbox);
}
