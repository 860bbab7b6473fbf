import { formatName, ROOT } from "../custody/name.ts";
import { groupRecordings, type RecordedMessage } from "../custody/takes.ts";
import { VoxpostError } from "../errors.ts";
import type { Recordings } from "./recordings.ts";

/**
 * What was set aside because a store refused it for good, or because it is no audio: it waits on its Asterisk's disk until an
 * administrator decides. Nothing else waits for it.
 */
export interface Aside {
  /** Newest last. */
  readonly messages: readonly RecordedMessage[];
  /** Names below our folder that say nothing to us; nobody touches them. */
  readonly foreign: readonly string[];
}

/** @throws VoxpostError ASTERISK_UNREACHABLE */
export async function listAside(recordings: Pick<Recordings, "list">, signal?: AbortSignal): Promise<Aside> {
  const { messages, foreign } = groupRecordings(await recordings.list(ROOT, signal));
  const aside = messages.filter(({ failed }) => failed.length > 0);
  return { messages: aside.sort((a, b) => startOf(a) - startOf(b)), foreign };
}

/**
 * Back to delivery, for those who refused it: the next sweep finds it. When the reason is still there it is set aside again.
 * May be repeated. @throws VoxpostError ASTERISK_UNREACHABLE
 */
export async function retryAside(
  recordings: Pick<Recordings, "rename">,
  { failed }: RecordedMessage,
  signal?: AbortSignal,
): Promise<void> {
  for (const { text, name } of failed) {
    await recordings.rename(text, formatName({ ...name, state: "deposit" }), signal);
  }
}

/** For good. @throws VoxpostError ASTERISK_UNREACHABLE */
export async function dropAside(
  recordings: Pick<Recordings, "remove">,
  { failed }: RecordedMessage,
  signal?: AbortSignal,
): Promise<void> {
  for (const { text } of failed) await recordings.remove(text, signal);
}

/** @throws VoxpostError MESSAGE_UNKNOWN */
export function findAside({ messages }: Aside, id: string): RecordedMessage {
  const found = messages.filter((message) => message.id.startsWith(id));
  const [message, ...more] = found;
  if (message && more.length === 0) return message;
  const why = message ? `${found.length} begin with it; write more of it` : "there is no such message";
  throw new VoxpostError("MESSAGE_UNKNOWN", `Nothing is set aside as ${id}: ${why} (voxpost aside ls)`);
}

function startOf({ failed }: RecordedMessage): number {
  return failed[0]?.name.startedAt.getTime() ?? 0;
}
