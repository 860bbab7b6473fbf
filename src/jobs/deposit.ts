import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ledger } from "../custody/ledger.ts";
import type { Locks } from "../custody/lock.ts";
import { messageId, parseName, ROOT } from "../custody/name.ts";
import { groupRecordings, type RecordedMessage } from "../custody/takes.ts";
import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Caller, NewMessage } from "../model/message.ts";
import type { Subscribers } from "../model/subscriber.ts";
import type { Store } from "../storage/store.ts";
import { fetchTake, type TakeAudio } from "./audio.ts";
import type { DepositRequest, Enqueue } from "./enqueue.ts";
import type { Recordings, RecordingsOf } from "./recordings.ts";
import { type Refusal, removeAll, removeEmpty, setAllAside, setAside } from "./settle.ts";

export interface DepositDeps {
  readonly recordingsOf: RecordingsOf;
  readonly store: Pick<Store, "deposit">;
  readonly subscribers: Pick<Subscribers, "find">;
  readonly locks: Locks;
  readonly ledger: Ledger;
  readonly enqueue: Pick<Enqueue, "mwi">;
  readonly log: Logger;
  /** Exists; audio lies here during a delivery, and after a death until somebody clears it. Default: the system's. */
  readonly folder?: string;
}

/**
 * Delivers one recorded message to all of its recipients and then, last of all, removes its recordings; the order is that of
 * docs/custody.md. May be run again, and by several workers at once, at any point.
 * @throws VoxpostError whatever kept a recipient from getting it that may be over later
 */
export async function deposit(job: DepositRequest, deps: DepositDeps, signal: AbortSignal): Promise<void> {
  const recordings = deps.recordingsOf(job.asterisk);
  if (!recordings) {
    throw new VoxpostError("ASTERISK_UNREACHABLE", `This program serves no Asterisk named "${job.asterisk}"`);
  }
  const { id, take: wanted } = parseName(job.parts[0] ?? "");
  const log = deps.log.child({ recording: id, asterisk: job.asterisk });
  const { messages } = groupRecordings(await recordings.list(ROOT, signal));
  const message = messages.find((each) => each.id === id);
  if (!message || message.takes.length === 0) {
    return log.info("nothing to deliver: delivered, cancelled or set aside before");
  }

  const folder = await mkdtemp(join(deps.folder ?? tmpdir(), "voxpost-deposit-"));
  try {
    const audio = await fetchSpoken(recordings, message, wanted, folder, signal);
    if (!audio) return await removeEmpty(recordings, message, log, signal);
    const refused = await deliverToAll(audio, { ...deps, log }, signal);
    const kept = await setAside(recordings, audio, refused, log, signal);
    await removeAll(recordings, message, audio, kept, signal);
  } catch (error) {
    if (!isCode(error, "MESSAGE_MALFORMED")) throw error;
    log.error({ err: error }, "not audio that could be delivered: set aside");
    await setAllAside(recordings, message, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The take that the job names; if nothing was said in it, the highest in which something was. */
async function fetchSpoken(
  recordings: Recordings,
  message: RecordedMessage,
  wanted: number,
  folder: string,
  signal: AbortSignal,
): Promise<TakeAudio | undefined> {
  const [named, others] = [
    message.takes.filter((take) => take.number === wanted),
    message.takes.filter((take) => take.number !== wanted),
  ];
  for (const take of [...named, ...others]) {
    const audio = await fetchTake(recordings, take, folder, signal);
    if (audio) return audio;
  }
  return undefined;
}

/** One after the other, so that a full or unreachable mailbox keeps nobody else from theirs. @returns the refusals */
async function deliverToAll(audio: TakeAudio, deps: DepositDeps, signal: AbortSignal): Promise<Refusal[]> {
  const { name } = audio.recordings[0];
  const refused: Refusal[] = [];
  const later: unknown[] = [];
  for (const mailbox of name.recipients) {
    try {
      await deliver(toMessage(audio, mailbox), deps, signal);
    } catch (error) {
      if (isFinal(error)) refused.push({ mailbox, error });
      else {
        deps.log.warn({ err: error, mailbox: formatMailbox(mailbox) }, "not delivered yet");
        later.push(error);
      }
    }
  }
  if (later.length > 0) throw later[0];
  return refused;
}

async function deliver(message: NewMessage, deps: DepositDeps, signal: AbortSignal): Promise<void> {
  const { id, mailbox } = message;
  const shortest = deps.subscribers.find(mailbox)?.minSeconds ?? 0;
  if (message.duration < shortest) {
    return deps.log.info({ mailbox: formatMailbox(mailbox), shortest }, "too short to be kept");
  }
  await deps.locks.hold(id, async (held) => {
    if (!(await deps.ledger.has(id))) {
      const { existed } = await deps.store.deposit(message, AbortSignal.any([signal, held]));
      await deps.ledger.add(id);
      deps.log.info({ id, mailbox: formatMailbox(mailbox), existed }, "delivered");
    }
  });
  // Also when it was delivered before: whoever did it may have died before this line.
  await deps.enqueue.mwi(mailbox);
}

/** Trying again cannot help. A fault of our own is tried again: the next version may not have it. */
function isFinal(error: unknown): error is VoxpostError {
  return error instanceof VoxpostError && !error.retryable && !isCode(error, "ABORTED", "INTERNAL");
}

/** Asterisk keeps the backslashes of SIP's quoted names (RFC 3261, 25.1) before quotes and backslashes. */
function withoutEscapes({ name, ...caller }: Caller): Caller {
  return { ...caller, ...(name ? { name: name.replace(/\\(["\\])/g, "$1") } : {}) };
}

function toMessage(
  { recordings: [{ name }], source, seconds }: TakeAudio,
  mailbox: MailboxAddress,
): NewMessage {
  return {
    id: messageId(name.id, mailbox),
    mailbox,
    caller: withoutEscapes(name.caller),
    receivedAt: name.startedAt,
    duration: Math.round(seconds),
    heard: false,
    urgent: name.urgent,
    priority: name.priority,
    private: false,
    ...(name.category ? { category: name.category } : {}),
    callId: name.channel,
    audio: [source],
  };
}
