import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { VoxpostError } from "../../errors.ts";
import type { Folder } from "../../model/folder.ts";
import type { GreetingKind } from "../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { AudioPart, AudioSource, Envelope } from "../../model/message.ts";
import type { Engine, Entry } from "../engine.ts";

/**
 * Copies a message with its audio to another engine, part by part as it streams, and reads the copy back to see that it
 * is the same. A copy that is not is removed again. Nothing happens to the original.
 * @throws VoxpostError STORE_REFUSED when the copy is not the same; whatever either engine throws
 */
export async function copyMessage(
  from: Engine,
  entry: Entry,
  to: Engine,
  folder: Folder,
  signal: AbortSignal | undefined,
): Promise<Entry> {
  const audio = await sourcesOf(from, entry, signal);
  const text = await from.readText?.(entry.ref, signal);
  const { folder: _, ...envelope } = entry.envelope;
  const message = { ...envelope, audio, ...(text === undefined ? {} : { text }) };
  const copy = await to.append(folder, message, signal);
  if (await isSame(from, entry, to, copy, signal)) return copy;
  await to.remove(copy.ref, signal);
  const where = `${entry.ref.folder} of ${formatMailbox(entry.ref.mailbox)}`;
  throw new VoxpostError(
    "STORE_REFUSED",
    `${to.name} does not give back what it was given of a message in ${where}; the message stays in ${from.name}`,
    { context: { id: entry.envelope.id } },
  );
}

/** Copies a greeting, if there is one. */
export async function copyGreeting(
  from: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  to: Engine,
  signal: AbortSignal | undefined,
): Promise<void> {
  const part = await from.readGreeting?.(mailbox, kind, signal);
  if (!part || !to.writeGreeting) return;
  const { stream, ...info } = part;
  drop(stream);
  const open = async (alive?: AbortSignal) => {
    const again = await from.readGreeting?.(mailbox, kind, alive);
    if (again) return again.stream;
    throw new VoxpostError("MESSAGE_UNKNOWN", `The ${kind} greeting was removed while it was copied`);
  };
  await to.writeGreeting(mailbox, kind, { ...info, open }, signal);
}

/** Whether two engines have the same message: what is said of it, and every byte of its audio. Flags may differ. */
export async function isSame(
  one: Engine,
  entry: Entry,
  other: Engine,
  { ref }: Entry,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const stored = await other.find(ref.mailbox, { id: entry.envelope.id }, signal);
  const copy = stored.find((each) => each.ref.folder === ref.folder && each.ref.key === ref.key);
  if (!copy || !isDeepStrictEqual(facts(entry.envelope), facts(copy.envelope))) return false;
  const [before, after] = [await digests(one, entry, signal), await digests(other, copy, signal)];
  return isDeepStrictEqual(before, after);
}

/** To the second: mail has no more. */
function facts({ folder: _, heard: __, urgent: ___, receivedAt, ...facts }: Envelope): unknown {
  return { ...facts, second: Math.floor(receivedAt.getTime() / 1000) };
}

async function digests(engine: Engine, { ref }: Entry, signal: AbortSignal | undefined): Promise<string[]> {
  const found: string[] = [];
  for (const { kind, stream } of await engine.read(ref, signal)) {
    const hash = createHash("sha256");
    for await (const chunk of stream) hash.update(chunk);
    found.push(`${kind} ${hash.digest("hex")}`);
  }
  return found;
}

/** A source opens the message anew each time, because a store may read it more than once. */
async function sourcesOf(
  engine: Engine,
  { ref }: Entry,
  signal: AbortSignal | undefined,
): Promise<AudioSource[]> {
  const parts = await engine.read(ref, signal);
  for (const { stream } of parts) drop(stream);
  return parts.map(({ stream: _, ...info }, index) => ({
    ...info,
    async open(alive) {
      const again = await engine.read(ref, alive);
      for (const [at, { stream }] of again.entries()) if (at !== index) drop(stream);
      const part = again[index];
      if (part) return part.stream;
      throw new VoxpostError(
        "MESSAGE_MALFORMED",
        `${engine.name} lost a part of a message while it was read`,
      );
    },
  }));
}

function drop(stream: AudioPart["stream"]): void {
  stream.on("error", () => {});
  stream.destroy();
}
