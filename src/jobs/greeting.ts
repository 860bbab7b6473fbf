import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Latest } from "../custody/latest.ts";
import type { Locks } from "../custody/lock.ts";
import { ROOT } from "../custody/name.ts";
import { groupRecordings, type RecordedMessage } from "../custody/takes.ts";
import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { formatMailbox } from "../model/mailbox.ts";
import type { GreetingHolds } from "../storage/snapshot.ts";
import type { Store } from "../storage/store.ts";
import { type Broken, fetchTake, type TakeAudio } from "./audio.ts";
import type { GreetingRequest } from "./enqueue.ts";
import { acceptedTakes, greetingKey, greetingOf, recordedAt } from "./recorded-greeting.ts";
import type { Recordings, RecordingsOf } from "./recordings.ts";
import { setAllAside } from "./settle.ts";

export interface GreetingDeps {
  readonly recordingsOf: RecordingsOf;
  readonly store: Pick<Store, "setGreeting">;
  readonly locks: Locks;
  readonly latest: Latest;
  readonly snapshots: Pick<GreetingHolds, "release">;
  readonly log: Logger;
  /** Exists; audio lies here meanwhile, and after a death until somebody clears it. Default: the system's. */
  readonly folder?: string;
}

/**
 * Brings the newest greeting of one kind that an owner accepted to the store, and then removes its recordings and those of
 * older ones. May be run again, and by several workers at once, at any point.
 * @throws VoxpostError whatever kept it from being stored that may be over later
 */
export async function greeting(job: GreetingRequest, deps: GreetingDeps, signal: AbortSignal): Promise<void> {
  const { asterisk, mailbox, greeting: kind } = job;
  const recordings = deps.recordingsOf(asterisk);
  if (!recordings) {
    throw new VoxpostError("ASTERISK_UNREACHABLE", `This program serves no Asterisk named "${asterisk}"`);
  }
  const key = greetingKey(mailbox, kind);
  const log = deps.log.child({ mailbox: formatMailbox(mailbox), kind, asterisk });
  await deps.locks.hold(key, async (held) => {
    const both = AbortSignal.any([signal, held]);
    const { messages } = groupRecordings(await recordings.list(ROOT, both));
    const accepted = messages
      .filter((message) => greetingOf(message)?.key === key && acceptedTakes(message).length > 0)
      .sort((a, b) => recordedAt(b).getTime() - recordedAt(a).getTime());
    for (const message of accepted) {
      // Also when this is the one that was stored, and whoever stored it died before it was removed.
      const superseded = recordedAt(message).getTime() <= (await deps.latest.of(key));
      if (superseded) log.info({ id: message.id }, "an older greeting: removed");
      else await store(message, recordings, { ...deps, log }, both);
      await deps.snapshots.release({ mailbox, kind, id: message.id });
      await removeGreeting(recordings, message, both);
    }
  });

  async function store(
    message: RecordedMessage,
    recordings: Recordings,
    { log }: Pick<GreetingDeps, "log">,
    both: AbortSignal,
  ): Promise<void> {
    const folder = await mkdtemp(join(deps.folder ?? tmpdir(), "voxpost-greeting-"));
    try {
      const audio = await fetchAccepted(recordings, message, folder, both);
      if (!audio) return log.info({ id: message.id }, "a greeting without a sound: not stored");
      await deps.store.setGreeting(mailbox, kind, audio.source, both);
      await deps.latest.advance(key, recordedAt(message));
      log.info({ id: message.id }, "greeting stored");
    } catch (error) {
      if (!isFinal(error)) throw error;
      log.error({ err: error, id: message.id }, "a greeting was refused for good: set aside");
      await setAllAside(recordings, message, both);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** The last take that was accepted and in which something was said. */
export async function fetchAccepted(
  recordings: Recordings,
  message: RecordedMessage,
  folder: string,
  signal: AbortSignal,
): Promise<TakeAudio | undefined> {
  const onBroken = ({ error }: Broken) => {
    throw error;
  };
  for (const take of acceptedTakes(message)) {
    const audio = await fetchTake(recordings, take, folder, onBroken, signal);
    if (audio) return audio;
  }
  return undefined;
}

/** All takes, and what a renaming left; what was set aside stays. The accepted ones go last. */
export async function removeGreeting(
  recordings: Recordings,
  message: RecordedMessage,
  signal?: AbortSignal,
): Promise<void> {
  for (const state of ["take", "deposit"]) {
    for (const { text } of message.all.filter(({ name }) => name.state === state)) {
      await recordings.remove(text, signal);
    }
  }
}

/** Trying again cannot help. */
function isFinal(error: unknown): boolean {
  return error instanceof VoxpostError && !error.retryable && !isCode(error, "ABORTED", "INTERNAL");
}
