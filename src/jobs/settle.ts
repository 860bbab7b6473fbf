import { setTimeout } from "node:timers/promises";
import { channelField, formatName } from "../custody/name.ts";
import type { RecordedMessage, Recording } from "../custody/takes.ts";
import { isCode, type VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { Broken, TakeAudio } from "./audio.ts";
import type { Recordings } from "./recordings.ts";

/** Asterisk copies within one disk. Milliseconds. */
const COPYING_MS = 1_000;

/** A recipient who will never get it. */
export interface Refusal {
  readonly mailbox: MailboxAddress;
  readonly error: VoxpostError;
}

/** Keeps recordings for those who refused them. @returns the names they are kept under */
export async function setAside(
  recordings: Recordings,
  kept: readonly Recording[],
  refused: readonly Refusal[],
  log: Logger,
  signal: AbortSignal,
): Promise<Set<string>> {
  const names = new Set<string>();
  if (refused.length === 0) return names;
  for (const { mailbox, error } of refused) {
    log.error(
      { err: error, mailbox: formatMailbox(mailbox) },
      "refused for good: the recording is set aside",
    );
  }
  const recipients = refused.map(({ mailbox }) => mailbox);
  for (const recording of kept) {
    names.add(await copyAside(recordings, recording, recipients, signal));
  }
  return names;
}

/** Keeps what is no audio, beside a message whose other takes or parts are. @returns the names it is kept under */
export async function setBrokenAside(
  recordings: Recordings,
  broken: readonly Broken[],
  log: Logger,
  signal: AbortSignal,
): Promise<Set<string>> {
  const kept = new Set<string>();
  for (const { recording, error } of broken) {
    log.error(
      { err: error, name: recording.text },
      "no audio: set aside, the rest of the message is delivered",
    );
    kept.add(await copyAside(recordings, recording, recording.name.recipients, signal));
  }
  return kept;
}

/** Nobody can get it: all that is pending of it moves to `failed`. */
export async function setAllAside(
  recordings: Recordings,
  message: RecordedMessage,
  signal: AbortSignal,
): Promise<void> {
  for (const { copies } of message.takes.flatMap(({ parts }) => parts)) {
    for (const recording of copies) {
      await copyAside(recordings, recording, recording.name.recipients, signal);
      await recordings.remove(recording.text, signal);
    }
  }
}

async function copyAside(
  recordings: Recordings,
  { text, name }: Recording,
  recipients: readonly MailboxAddress[],
  signal: AbortSignal,
): Promise<string> {
  const to = formatName({ ...name, state: "failed", recipients });
  if (await isCopied(recordings, text, to, signal)) return to;
  try {
    await recordings.copy(text, to, signal);
  } catch (error) {
    const wasQuicker =
      isCode(error, "RECORDING_GONE") && (await sizeOf(recordings, to, signal)) !== undefined;
    if (!wasQuicker) throw error;
  }
  return to;
}

/**
 * Another worker may be at the same: it removes the original behind its copy, so a copy is only ever removed that is half and stays
 * so, as an attempt leaves it that was interrupted.
 */
async function isCopied(
  recordings: Recordings,
  text: string,
  to: string,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const copied = await sizeOf(recordings, to, signal);
    if (copied === undefined) return false;
    const whole = await sizeOf(recordings, text, signal);
    if (whole === undefined || copied >= whole) return true;
    await setTimeout(COPYING_MS, undefined, { signal });
    if ((await sizeOf(recordings, to, signal)) === copied) await recordings.remove(to, signal);
  }
}

/** Bytes; undefined when there is none. */
async function sizeOf(
  recordings: Recordings,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    let bytes = 0;
    for await (const chunk of await recordings.fetch(name, signal)) bytes += (chunk as Buffer).length;
    return bytes;
  } catch (error) {
    if (isCode(error, "RECORDING_GONE")) return undefined;
    throw error;
  }
}

/**
 * The delivered ones go late: until then another run finds the message in the ledger or the store, and goes on here. After them only
 * what is no audio: another run that finds nothing else sets it aside once more, and would take a copy that was set aside for a leftover.
 */
export async function removeAll(
  recordings: Recordings,
  message: RecordedMessage,
  { audio, broken }: { audio: TakeAudio; broken: readonly Broken[] },
  kept: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const delivered = audio.recordings.map(({ text }) => text);
  const last = broken.map(({ recording }) => recording.text);
  const others = message.all
    .map(({ text }) => text)
    .filter((text) => !delivered.includes(text) && !last.includes(text));
  for (const text of [...others, ...delivered, ...last]) {
    if (!kept.has(text)) await recordings.remove(text, signal);
  }
}

/**
 * A recording in progress looks empty for its first seconds, so only one that is certainly over is removed. What the dialplan records
 * is never live; it records messages only.
 */
export async function removeEmpty(
  recordings: Recordings,
  message: RecordedMessage,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const channels = new Set((await recordings.channels(signal)).map(channelField));
  const live = await Promise.all(message.all.map(({ text }) => recordings.isLive(text, signal)));
  if (live.includes(true) || message.all.some(({ name }) => !name.kind && channels.has(name.channel))) {
    return log.info("no audio yet, and the call is not over: left to the sweep");
  }
  log.info("nothing was said");
  for (const take of message.takes) {
    for (const { text } of take.parts.flatMap((part) => part.copies)) await recordings.remove(text, signal);
  }
}
