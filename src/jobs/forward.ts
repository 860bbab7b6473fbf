import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageId } from "../custody/name.ts";
import { isCode, VoxpostError } from "../errors.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { AudioSource, Envelope, MessageId, NewMessage } from "../model/message.ts";
import type { Store } from "../storage/store.ts";
import { toFiles } from "./audio-files.ts";
import { type DeliverDeps, deliverAll } from "./deliver.ts";
import type { ForwardRequest } from "./enqueue.ts";
import type { Refusal } from "./settle.ts";

export interface ForwardDeps extends DeliverDeps {
  readonly store: Pick<Store, "deposit" | "find" | "audio">;
  /** Exists; audio lies here during a delivery. Default: the system's. */
  readonly folder?: string;
}

/** A message that is sent on; its audio lies in files that whoever made the folder removes. */
export interface Original {
  readonly envelope: Envelope;
  readonly audio: readonly AudioSource[];
}

/** A job of which no note lies on Asterisk's disk: who refuses it for good is told by the log alone. @throws as `sendOn` */
export async function forward(job: ForwardRequest, deps: ForwardDeps, signal: AbortSignal): Promise<void> {
  for (const { mailbox, error } of await sendOn(job, deps, signal)) {
    const context = { err: error, forward: job.id, message: job.message, mailbox: formatMailbox(mailbox) };
    deps.log.error(context, "refused for good: not forwarded");
  }
}

/**
 * Brings a message to other mailboxes as it is. May be run again at any point: the copies have ids of their own, the same each time.
 * @returns who refused it for good
 * @throws VoxpostError MESSAGE_UNKNOWN when its owner has purged it meanwhile; whatever may be over later
 */
export async function sendOn(
  job: ForwardRequest,
  deps: ForwardDeps,
  signal: AbortSignal,
): Promise<readonly Refusal[]> {
  const log = deps.log.child({ forward: job.id, message: job.message });
  const folder = await mkdtemp(join(deps.folder ?? tmpdir(), "voxpost-forward-"));
  try {
    const original = await fetchOriginal(job.from, job.message, deps.store, folder, signal);
    const copies = job.to.map((mailbox) => copyOf(original, { ...job, mailbox }));
    const told = log.child({ original: original.envelope.callId });
    const attempt = { signal, forwardedBy: job.from, since: job.at };
    return await deliverAll(copies, { ...deps, log: told }, attempt);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A message may be moved between two looks at it, and while all folders are looked through; three times in a row it is not. */
const LOOKS = 3;

/** @throws VoxpostError MESSAGE_UNKNOWN; STORE_REFUSED when its caller said that it is private */
export async function fetchOriginal(
  mailbox: MailboxAddress,
  id: MessageId,
  store: Pick<Store, "find" | "audio">,
  folder: string,
  signal: AbortSignal,
): Promise<Original> {
  for (let look = 1; look <= LOOKS; look++) {
    const entry = await store.find(mailbox, id, { signal });
    if (!entry) continue;
    if (entry.envelope.private) throw new VoxpostError("STORE_REFUSED", `Message ${id} is private`);
    try {
      const audio = await toFiles(await store.audio(entry, signal), folder, signal);
      return { envelope: entry.envelope, audio };
    } catch (error) {
      if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
    }
  }
  throw new VoxpostError("MESSAGE_UNKNOWN", `${formatMailbox(mailbox)} has no message ${id} any more`);
}

/** With the original's caller, time and category, and an id of its own; the newest comment is heard first. */
export function copyOf(
  { envelope: { folder: _, ...envelope }, audio }: Original,
  { id, mailbox, urgent }: { id: MessageId; mailbox: MailboxAddress; urgent: boolean },
  comment?: AudioSource,
): NewMessage {
  return {
    ...envelope,
    id: messageId(id, mailbox),
    mailbox,
    heard: false,
    urgent,
    audio: [...(comment ? [{ ...comment, kind: "comment" as const }] : []), ...audio],
  };
}
