import type { Engine, Entry } from "../../engine.ts";
import { carry } from "../carry.ts";
import { appendVerified, checkEnvelope } from "../verified.ts";
import { sameAudio, weighMessage } from "../weigh.ts";

interface Pair {
  readonly from: Engine;
  readonly to: Engine;
}

/**
 * Copies a message with its folder and flags; resolves only when it was read back and is the same.
 * @throws VoxpostError MESSAGE_MALFORMED when it is not
 */
export async function copyMessage({ from, to }: Pair, entry: Entry, signal?: AbortSignal): Promise<void> {
  const carried = await carry(from, entry, signal);
  try {
    await appendVerified(to, entry.ref.folder, carried.message, carried.weights, signal);
  } finally {
    carried.end();
  }
}

/**
 * Whether a message that TO has already has the same audio.
 * @throws VoxpostError MESSAGE_MALFORMED when it has, but its envelope is another
 */
export async function isSame(
  { from, to }: Pair,
  entry: Entry,
  stored: Entry,
  signal?: AbortSignal,
): Promise<boolean> {
  const original = await weighMessage(from, entry.ref, signal);
  if (!sameAudio(original, await weighMessage(to, stored.ref, signal))) return false;
  checkEnvelope(entry.envelope, stored);
  return true;
}
