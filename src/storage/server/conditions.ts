import type { Envelope } from "../../model/message.ts";
import type { Engine, Ref } from "../engine.ts";
import { messageUnknown } from "../faults.ts";
import { HttpError } from "./problems.ts";

/** Holds all that a condition can be about: which message, and the flags that can change. */
export function etagOf({ id, heard, urgent }: Envelope): string {
  return `"${id}-${heard ? "h" : ""}${urgent ? "u" : ""}"`;
}

/**
 * Whether a message still is as the client saw it. The id in the tag makes it cheap to look: engines find by id, and by
 * nothing else so surely.
 * @throws HttpError 412, VoxpostError MESSAGE_UNKNOWN
 */
export async function checkIfMatch(
  engine: Engine,
  ref: Ref,
  header: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (header === undefined) return;
  const tags = header.split(",").map((tag) => tag.trim());
  if (tags.includes("*")) return;
  for (const tag of tags.slice(0, 10)) {
    const id = /^"([0-9a-f]{32})-h?u?"$/.exec(tag)?.[1];
    if (id === undefined) continue;
    const found = await engine.find(ref.mailbox, { id }, signal);
    const here = found.find((entry) => entry.ref.key === ref.key && entry.ref.folder === ref.folder);
    if (here && etagOf(here.envelope) === tag) return;
    if (!here && tags.length === 1) throw messageUnknown(ref);
  }
  throw new HttpError(412, "The message has changed since; nothing was done");
}
