import { isCode, VoxpostError } from "../../errors.ts";
import type { Folder } from "../../model/folder.ts";
import type { GreetingKind } from "../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { AudioSource, Envelope, NewMessage } from "../../model/message.ts";
import { checkMessage, mend } from "../checks.ts";
import type { Engine, Entry } from "../engine.ts";
import { type PartWeight, sameAudio, weigh, weighMessage } from "./weigh.ts";

/** Writing to a store, and believing it only when it has been read back. */

type Identity = Pick<Envelope, "id" | "receivedAt">;

/** A message by its id, wherever in the mailbox it lies. */
export async function findMessage(
  engine: Engine,
  mailbox: MailboxAddress,
  { id, receivedAt }: Identity,
  signal?: AbortSignal,
): Promise<Entry | undefined> {
  // Servers search by date in a time zone of their own.
  const receivedSince = new Date(Math.max(0, receivedAt.getTime() - 2 * 24 * 60 * 60 * 1000));
  const [entry] = await engine.find(mailbox, { id, receivedSince }, signal);
  return entry && mend(entry).entry;
}

/**
 * Stores a message, reads envelope and audio back, and resolves only when both are what was written. A copy whose audio
 * is not is removed again. `weights` is asked once the audio has been read.
 * @throws VoxpostError MESSAGE_MALFORMED when what is read back is not the same
 */
export async function appendVerified(
  to: Engine,
  folder: Folder,
  message: NewMessage,
  weights: () => readonly PartWeight[],
  signal?: AbortSignal,
): Promise<void> {
  checkMessage(message);
  const { ref } = await to.append(folder, message, signal);
  const stored = await findMessage(to, message.mailbox, message, signal);
  const audio = stored ? await weighMessage(to, stored.ref, signal) : [];
  if (!stored || !sameAudio(weights(), audio)) {
    await to.remove(ref, signal);
    const what = "its audio was read back otherwise than it was written, so the copy was removed";
    throw malformed(message.id, what);
  }
  checkEnvelope(message, stored);
}

/** @throws VoxpostError MESSAGE_MALFORMED when the copy says something else of the message */
export function checkEnvelope(original: Omit<Envelope, "folder">, copy: Entry): void {
  const changed = differences(original, copy.envelope);
  if (changed.length === 0) return;
  throw malformed(original.id, `it was copied, but the copy has another ${changed.join(", ")}`);
}

export function otherAudio({ id }: Pick<Envelope, "id">): VoxpostError {
  return malformed(
    id,
    "the other store has a message of this id with other audio; both are left as they are",
  );
}

function malformed(id: string, what: string): VoxpostError {
  return new VoxpostError("MESSAGE_MALFORMED", what, { context: { id } });
}

/** What is not the same in a copy, in words for a person; folder and flags are left out: they change. */
function differences(a: Omit<Envelope, "folder">, b: Envelope): string[] {
  const pairs: Array<[what: string, a: unknown, b: unknown]> = [
    ["id", a.id, b.id],
    ["caller's number", a.caller.number, b.caller.number],
    ["caller's name", a.caller.name, b.caller.name],
    ["time", a.receivedAt.getTime(), b.receivedAt.getTime()],
    ["length", a.duration, b.duration],
    ["priority", a.priority, b.priority],
    ["privacy", a.private, b.private],
    ["category", a.category, b.category],
    ["call id", a.callId, b.callId],
  ];
  return pairs.filter(([, one, other]) => one !== other).map(([what]) => what);
}

/** Writes a greeting and reads it back. @throws VoxpostError UNSUPPORTED; MESSAGE_MALFORMED when that is not the same */
export async function writeGreetingVerified(
  to: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  source: AudioSource,
  signal?: AbortSignal,
): Promise<void> {
  if (!to.writeGreeting) throw new VoxpostError("UNSUPPORTED", `${to.name} keeps no greetings`);
  await to.writeGreeting(mailbox, kind, source, signal);
  const { sha256 } = await weigh({ ...source, stream: await source.open(signal) }, signal);
  if ((await greetingDigest(to, mailbox, kind, signal)) === sha256) return;
  throw new VoxpostError(
    "MESSAGE_MALFORMED",
    `The greeting "${kind}" of ${formatMailbox(mailbox)} was read back otherwise than it was written`,
  );
}

/** SHA-256 of its audio; undefined when there is no such greeting, or no such mailbox. */
export async function greetingDigest(
  engine: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    const part = await engine.readGreeting?.(mailbox, kind, signal);
    return part && (await weigh(part, signal)).sha256;
  } catch (error) {
    if (isCode(error, "MAILBOX_UNKNOWN")) return undefined;
    throw error;
  }
}
