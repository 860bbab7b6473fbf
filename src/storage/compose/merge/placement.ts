import { createHash } from "node:crypto";
import { isCode } from "../../../errors.ts";
import type { Folder } from "../../../model/folder.ts";
import { formatMailbox } from "../../../model/mailbox.ts";
import type { NewMessage } from "../../../model/message.ts";
import type { Engine, Entry } from "../../engine.ts";
import type { MergeOptions } from "./options.ts";

/** Where a new message goes, by the word behind `place`; after it those engines that may take it when that one is full. */
export function placesFor(
  { place, folders }: Pick<MergeOptions, "place" | "folders">,
  engines: number,
  folder: Folder,
  message: NewMessage,
): number[] {
  switch (place) {
    case "first-with-room":
      return Array.from({ length: engines }, (_, at) => at);
    case "hash":
      return [hash(message.id, engines)];
    case "by-mailbox":
      return [hash(formatMailbox(message.mailbox), engines)];
    case "by-folder":
      return [folders[folder] ?? 0];
  }
}

/** Always the same for the same text, as long as the number of engines is. */
function hash(text: string, engines: number): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0) % engines;
}

/** Appends to the first of these engines that has room. @throws VoxpostError STORE_FULL when none has */
export async function appendWithRoom(
  engines: readonly Engine[],
  places: readonly number[],
  folder: Folder,
  message: NewMessage,
  signal: AbortSignal | undefined,
): Promise<{ at: number; entry: Entry }> {
  const [at = 0, ...rest] = places;
  const engine = engines[at];
  try {
    if (!engine) throw new RangeError(`There is no engine ${at}`);
    return { at, entry: await engine.append(folder, message, signal) };
  } catch (error) {
    if (rest.length === 0 || !isCode(error, "STORE_FULL")) throw error;
    return appendWithRoom(engines, rest, folder, message, signal);
  }
}
