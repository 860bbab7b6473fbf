import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageId, parseName, ROOT } from "../custody/name.ts";
import type { Reasons } from "../custody/reasons.ts";
import { findMessage, type RecordedMessage, type Recording } from "../custody/takes.ts";
import { isCode, VoxpostError } from "../errors.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Caller, MessageId, NewMessage } from "../model/message.ts";
import type { Subscribers } from "../model/subscriber.ts";
import { type Broken, fetchTake, type TakeAudio } from "./audio.ts";
import { deliverAll } from "./deliver.ts";
import type { DepositRequest } from "./enqueue.ts";
import { copyOf, type ForwardDeps, fetchOriginal, sendOn } from "./forward.ts";
import type { Recordings, RecordingsOf } from "./recordings.ts";
import { type Refusal, removeAll, removeEmpty, setAllAside, setAside, setBrokenAside } from "./settle.ts";

export interface DepositDeps extends ForwardDeps {
  readonly recordingsOf: RecordingsOf;
  readonly subscribers: Pick<Subscribers, "find">;
  /** Default: why something was set aside is told by the log alone. */
  readonly reasons?: Pick<Reasons, "note">;
}

/** Of a recording that is no audio, and of a message that is to be sent on and cannot be read. */
const FINAL = [
  "MESSAGE_MALFORMED",
  "STORE_REFUSED",
  "MAILBOX_UNKNOWN",
  "FOLDER_UNKNOWN",
  "UNSUPPORTED",
] as const;

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
  const { id, take: wanted, channel } = parseName(job.parts[0] ?? "");
  const log = deps.log.child({ recording: id, call: channel, asterisk: job.asterisk });
  const message = findMessage(await recordings.list(ROOT, signal), id);
  if (!message || message.takes.length === 0) {
    return log.info("nothing to deliver: delivered, cancelled or set aside before");
  }

  const folder = await mkdtemp(join(deps.folder ?? tmpdir(), "voxpost-deposit-"));
  try {
    const which = { wanted, shortest: shortestOf(message, deps) };
    const { audio, broken } = await fetchSpoken(recordings, message, which, folder, signal);
    if (!audio) {
      if (broken[0]) throw broken[0].error;
      const without = await forwardWithout(message, { ...deps, log }, signal);
      await noteReasons(without.refused, id, deps);
      await setAside(recordings, without.notes, without.refused, log, signal);
      return await removeEmpty(recordings, message, log, signal);
    }
    const messages = await toMessages(audio, { ...deps, log }, folder, signal);
    const { kind } = audio.recordings[0].name;
    const forwardedBy = kind?.is === "comment" ? kind.mailbox : undefined;
    const since = audio.recordings[0].name.startedAt.getTime();
    const attempt = { signal, untried: job.untried, forwardedBy, since };
    const refused = await deliverAll(messages, { ...deps, log }, attempt);
    for (const { error } of broken) await deps.reasons?.note(id, `${error.code}: ${error.message}`);
    await noteReasons(refused, id, deps);
    const kept = [
      ...(await setBrokenAside(recordings, broken, log, signal)),
      ...(await setAside(recordings, audio.recordings, refused, log, signal)),
    ];
    await removeAll(recordings, message, { audio, broken }, new Set(kept), signal);
  } catch (error) {
    // A store that refuses for now (a password that is wrong, a certificate) is no reason to give a message up.
    if (!isCode(error, ...FINAL) || error.retryable) throw error;
    log.error({ err: error }, "nothing that could be delivered: set aside");
    await deps.reasons?.note(id, `${error.code}: ${error.message}`);
    await setAllAside(recordings, message, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The take that the job names; if that is broken, or too short for everybody, as when a caller hung up while recording again, the
 * highest that is not; else the highest in which something was said.
 */
async function fetchSpoken(
  recordings: Recordings,
  message: RecordedMessage,
  { wanted, shortest }: { wanted: number; shortest: number },
  folder: string,
  signal: AbortSignal,
): Promise<{ audio: TakeAudio | undefined; broken: readonly Broken[] }> {
  const broken: Broken[] = [];
  if (pendingOf(message)?.name.kind?.is === "forward") return { audio: undefined, broken };
  const onBroken = (one: Broken) => void broken.push(one);
  let short: TakeAudio | undefined;
  const [named, others] = [
    message.takes.filter((take) => take.number === wanted),
    message.takes.filter((take) => take.number !== wanted),
  ];
  for (const take of [...named, ...others]) {
    const audio = await fetchTake(recordings, take, folder, onBroken, signal);
    if (audio && Math.round(audio.seconds) >= shortest) return { audio, broken };
    short ??= audio;
  }
  return { audio: short, broken };
}

/** Its name tells who still waits for it; that of a copy which was set aside tells only for whom. */
function pendingOf({ takes }: RecordedMessage): Recording | undefined {
  return takes[0]?.parts[0]?.copies[0];
}

/** Fewest seconds that somebody keeps; a comment may be of any length. */
function shortestOf(message: RecordedMessage, { subscribers }: Pick<DepositDeps, "subscribers">): number {
  const { kind, recipients = [] } = pendingOf(message)?.name ?? {};
  if (kind) return 0;
  return Math.min(...recipients.map((mailbox) => subscribers.find(mailbox)?.minSeconds ?? 0));
}

/** What the recording becomes for each of its recipients. */
async function toMessages(
  audio: TakeAudio,
  deps: DepositDeps,
  folder: string,
  signal: AbortSignal,
): Promise<NewMessage[]> {
  const { id, kind, urgent, ...name } = audio.recordings[0].name;
  // The dialplan's fallback does not know aliases.
  const recipients = name.recipients.map((mailbox) => deps.subscribers.find(mailbox)?.address ?? mailbox);
  if (kind?.is === "comment") {
    try {
      const original = await fetchOriginal(kind.mailbox, kind.message, deps.store, folder, signal);
      deps.log.info({ original: original.envelope.callId }, "a message is sent on with a comment");
      return recipients.map((mailbox) => copyOf(original, { id, mailbox, urgent }, audio.source));
    } catch (error) {
      if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
      deps.log.warn({ err: error }, "the message is gone that was forwarded: only the comment is delivered");
    }
  }
  return recipients
    .filter((mailbox) => isKept(audio, mailbox, deps))
    .map((mailbox) => toMessage(audio, mailbox));
}

/** As it is: because a note says so, or because nothing was said before it. */
async function forwardWithout(
  message: RecordedMessage,
  deps: DepositDeps,
  signal: AbortSignal,
): Promise<{ notes: readonly Recording[]; refused: readonly Refusal[] }> {
  const note = pendingOf(message);
  if (!note?.name.kind || note.name.kind.is === "greeting") return { notes: [], refused: [] };
  const { kind, recipients: to, urgent, startedAt } = note.name;
  const asked = { id: message.id, to, urgent, at: startedAt.getTime() };
  const request = { ...asked, from: kind.mailbox, message: kind.message };
  try {
    return { notes: [note], refused: await sendOn(request, deps, signal) };
  } catch (error) {
    if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
    deps.log.error({ err: error }, "the message is gone that was to be forwarded");
    return { notes: [], refused: [] };
  }
}

async function noteReasons(
  refused: readonly Refusal[],
  id: MessageId,
  { reasons }: Pick<DepositDeps, "reasons">,
): Promise<void> {
  for (const { mailbox, error } of refused) {
    await reasons?.note(id, `${formatMailbox(mailbox)}: ${error.code}: ${error.message}`);
  }
}

function isKept({ seconds }: TakeAudio, mailbox: MailboxAddress, { subscribers, log }: DepositDeps): boolean {
  const shortest = subscribers.find(mailbox)?.minSeconds ?? 0;
  const kept = Math.round(seconds) >= shortest;
  if (!kept) log.info({ mailbox: formatMailbox(mailbox), shortest }, "too short to be kept");
  return kept;
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
    ...(name.dialplanContext ? { dialplanContext: name.dialplanContext } : {}),
    callId: name.channel,
    audio: [source],
  };
}
