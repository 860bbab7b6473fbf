import { isCode, VoxpostError } from "../../errors.ts";
import type { Folder } from "../../model/folder.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { Envelope, NewMessage } from "../../model/message.ts";
import { checkMessage, mend } from "../checks.ts";
import type { Engine, Entry, Ref } from "../engine.ts";
import { carry } from "./carry.ts";
import { differences, EXTRAS, TEXT, weighEntry } from "./compare.ts";
import type { PartWeight } from "./weigh.ts";

/** The one way from a store to another: written, read back, and believed only when nothing of it was lost. */

export interface Copy {
  readonly entry: Entry;
  /** What the other store has no place for, in words. */
  readonly lost: readonly string[];
}

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Text and extras may be left behind where a store keeps none: the original stays. Default: that is refused. */
  readonly mayLose?: boolean;
}

/**
 * Copies a message with its flags, text and extras. A copy that is not the same is removed again. Nothing happens to the
 * original.
 * @throws VoxpostError STORE_REFUSED when the copy is not the same; UNSUPPORTED when it would lose something; whatever
 * either engine throws
 */
export async function copyMessage(
  from: Engine,
  entry: Entry,
  to: Engine,
  folder: Folder,
  options: CopyOptions = {},
): Promise<Copy> {
  const carried = await carry(from, entry, options.signal);
  try {
    const { text, extras } = carried.message;
    const missing = [...(text && !to.readText ? [TEXT] : []), ...(extras && !to.readExtras ? [EXTRAS] : [])];
    if (missing.length > 0 && !options.mayLose) throw refusal(to, carried.message, missing, true);
    return await appendVerified(to, folder, carried.message, carried.weights, options);
  } finally {
    carried.end();
  }
}

/**
 * Stores a message and reads it back. `weights` is asked once the audio has been read.
 * @throws VoxpostError STORE_REFUSED, UNSUPPORTED, as `copyMessage` does
 */
export async function appendVerified(
  to: Engine,
  folder: Folder,
  message: NewMessage,
  weights: () => readonly PartWeight[],
  { signal, mayLose = false }: CopyOptions = {},
): Promise<Copy> {
  checkMessage(message);
  const { audio: _, text, extras, ...envelope } = message;
  const { ref } = await to.append(folder, message, signal);
  const entry = await findCopy(to, ref, message, signal);
  const beside = { ...(text === undefined ? {} : { text }), ...(extras && { extras }) };
  const original = { envelope, audio: weights(), ...beside };
  const missing = entry
    ? await differences(original, await weighEntry(to, entry, signal), signal)
    : ["place: it cannot be found"];
  const lost: string[] = [];
  for (const what of missing) if (entry && (await hasNoPlace(to, entry.ref, what, signal))) lost.push(what);
  const isWhole = missing.length === lost.length && (mayLose || lost.length === 0);
  if (entry && isWhole) return { entry, lost };
  await to.remove(ref, signal);
  throw refusal(to, message, missing, missing.length === lost.length);
}

/** What a message has that another lacks; nothing when they are the same. Flags and folders may differ. */
export async function compareEntries(
  one: Engine,
  entry: Entry,
  other: Engine,
  copy: Entry,
  signal?: AbortSignal,
): Promise<string[]> {
  const [original, found] = [await weighEntry(one, entry, signal), await weighEntry(other, copy, signal)];
  return differences(original, found, signal);
}

/** A message by its id, wherever in the mailbox it lies. */
export async function findMessage(
  engine: Engine,
  mailbox: MailboxAddress,
  identity: Identity,
  signal?: AbortSignal,
): Promise<Entry | undefined> {
  const [entry] = await findAll(engine, mailbox, identity, signal);
  return entry;
}

type Identity = Pick<Envelope, "id" | "receivedAt">;

async function findAll(
  engine: Engine,
  mailbox: MailboxAddress,
  { id, receivedAt }: Identity,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  // Servers search by date in a time zone of their own.
  const receivedSince = new Date(Math.max(0, receivedAt.getTime() - 2 * 24 * 60 * 60 * 1000));
  const found = await engine.find(mailbox, { id, receivedSince }, signal);
  return found.map((entry) => mend(entry).entry);
}

/** What was just stored; an engine made of several may tell of another of its copies. */
async function findCopy(
  engine: Engine,
  { mailbox, folder, key }: Ref,
  message: NewMessage,
  signal: AbortSignal | undefined,
): Promise<Entry | undefined> {
  const found = await findAll(engine, mailbox, message, signal);
  const here = found.filter(({ ref }) => ref.folder === folder);
  return here.find(({ ref }) => ref.key === key) ?? here[0] ?? found[0];
}

/** Whether an engine keeps nothing of a kind at all, which it may tell only when it is asked. */
async function hasNoPlace(
  engine: Engine,
  ref: Ref,
  what: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (what !== TEXT && what !== EXTRAS) return false;
  try {
    if (what === TEXT) {
      await engine.readText?.(ref, signal);
      return engine.readText === undefined;
    }
    (await engine.readExtras?.(ref, signal))?.destroy();
    return engine.readExtras === undefined;
  } catch (error) {
    if (isCode(error, "UNSUPPORTED")) return true;
    throw error;
  }
}

/** For a message that another store has under the same id, and that is not the same; nothing may be done to either. */
export function otherMessage({ id }: Pick<Envelope, "id">, missing: readonly string[]): VoxpostError {
  const what = `the other store has a message of this id with other ${missing.join(", ")}; both are left as they are`;
  return new VoxpostError("MESSAGE_MALFORMED", what, { context: { id } });
}

function refusal(
  { name }: Engine,
  { id, mailbox }: NewMessage,
  missing: readonly string[],
  hasNoPlaceForIt: boolean,
): VoxpostError {
  const what = missing.join(", ");
  const where = `a message of ${formatMailbox(mailbox)}`;
  const context = { id };
  return hasNoPlaceForIt
    ? new VoxpostError(
        "UNSUPPORTED",
        `${name} has no place for the ${what} of ${where}, which stays where it is`,
        {
          context,
        },
      )
    : new VoxpostError(
        "STORE_REFUSED",
        `${name} does not give back what it was given of ${where} (${what}); the copy was removed, the original stays`,
        { context },
      );
}
