import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Latest } from "../custody/latest.ts";
import type { Locks } from "../custody/lock.ts";
import { formatName, parseName, ROOT } from "../custody/name.ts";
import { groupRecordings, type RecordedMessage } from "../custody/takes.ts";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { GreetingKind } from "../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { GreetingHolds, Hold, Snapshots } from "../storage/snapshot.ts";
import type { Store } from "../storage/store.ts";
import type { Enqueue } from "./enqueue.ts";
import { fetchAccepted, removeGreeting } from "./greeting.ts";
import { acceptedTakes, greetingKey, greetingOf, recordedAt } from "./recorded-greeting.ts";
import type { Recordings, RecordingsOf } from "./recordings.ts";

export interface GreetingsDeps {
  readonly recordingsOf: RecordingsOf;
  readonly store: Pick<Store, "removeGreeting">;
  readonly snapshots: GreetingHolds & Pick<Snapshots, "refresh">;
  readonly locks: Locks;
  readonly latest: Latest;
  readonly enqueue: Pick<Enqueue, "greeting">;
  readonly log: Logger;
  /** Exists; audio lies here meanwhile. Default: the system's. */
  readonly folder?: string;
}

/** What becomes of a greeting between its owner's key and the store (docs/custody.md). */
export class Greetings {
  readonly #deps: GreetingsDeps;

  constructor(deps: GreetingsDeps) {
    this.#deps = deps;
  }

  /**
   * The owner has accepted what lies under these names: callers hear it from now on, and it reaches the store by itself.
   * @throws VoxpostError when Asterisk does not answer: then the greeting counts as not accepted, or as accepted
   */
  async accept(asterisk: string, parts: readonly string[], signal?: AbortSignal): Promise<void> {
    const recordings = this.#recordings(asterisk);
    const accepted: string[] = [];
    for (const part of parts) {
      const to = formatName({ ...parseName(part), state: "deposit" });
      if (to !== part) await recordings.rename(part, to, signal);
      accepted.push(to);
    }
    const [message] = groupRecordings(accepted).messages;
    const place = message && greetingOf(message);
    if (!message || !place) return;
    await this.#hold(asterisk, message);
    await this.#deps.enqueue.greeting({ asterisk, mailbox: place.mailbox, greeting: place.kind });
  }

  /**
   * Erases the greeting, also where it has not been stored yet.
   * @throws VoxpostError STORE_UNREACHABLE, … : then it stays in force
   */
  async erase(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    const { locks, latest, store, snapshots } = this.#deps;
    const key = greetingKey(mailbox, kind);
    await locks.hold(key, async (held) => {
      const both = AbortSignal.any([held, ...(signal ? [signal] : [])]);
      await store.removeGreeting(mailbox, kind, both);
      await latest.advance(key, new Date());
      for (const hold of snapshots.holds()) {
        if (greetingKey(hold.mailbox, hold.kind) === key) await this.#forget(hold, both);
      }
      await snapshots.drop(mailbox, kind);
    });
  }

  /** One that was not stored yet. If it cannot be removed now, its job finds that it is older than the erasure. */
  async #forget({ asterisk, id }: Hold, signal: AbortSignal): Promise<void> {
    const { recordingsOf, log } = this.#deps;
    try {
      const recordings = recordingsOf(asterisk);
      if (!recordings) return;
      const { messages } = groupRecordings(await recordings.list(ROOT, signal));
      const message = messages.find((each) => each.id === id);
      if (message) await removeGreeting(recordings, message, signal);
    } catch (error) {
      log.warn({ err: error, id, asterisk }, "the recording of an erased greeting could not be removed");
    }
  }

  /** Greetings of an Asterisk that are in force here before their store has them. Ask before its recordings are listed. */
  holdsOn(asterisk: string): readonly Hold[] {
    return this.#deps.snapshots.holds().filter((hold) => hold.asterisk === asterisk);
  }

  /**
   * What lies on an Asterisk's disk: the accepted ones are in force here too, whichever program recorded them, and those
   * that are gone since have reached their store. Never rejects.
   */
  async found(
    asterisk: string,
    greetings: readonly RecordedMessage[],
    before: readonly Hold[],
  ): Promise<void> {
    const accepted = greetings.filter((message) => acceptedTakes(message).length > 0);
    for (const message of accepted) {
      if (!before.some(({ id }) => id === message.id)) await this.#hold(asterisk, message);
    }
    for (const hold of before) {
      if (!greetings.some(({ id }) => id === hold.id)) await this.#believeStore(hold);
    }
  }

  async #believeStore(hold: Hold): Promise<void> {
    const { snapshots, log } = this.#deps;
    try {
      await snapshots.release(hold);
      await snapshots.refresh(hold.mailbox, undefined, "greetings");
    } catch (error) {
      log.warn({ err: error, mailbox: formatMailbox(hold.mailbox) }, "a snapshot could not be refreshed");
    }
  }

  /** A fault here costs nothing but time: the greeting is in force when its store has it. */
  async #hold(asterisk: string, message: RecordedMessage): Promise<void> {
    const place = greetingOf(message);
    if (!place) return;
    const { mailbox, kind } = place;
    const folder = await mkdtemp(join(this.#deps.folder ?? tmpdir(), "voxpost-greeting-"));
    try {
      const audio = await fetchAccepted(
        this.#recordings(asterisk),
        message,
        folder,
        AbortSignal.timeout(FETCH_MS),
      );
      if (!audio) return;
      const hold = { mailbox, kind, id: message.id, asterisk, recordedAt: recordedAt(message) };
      const { open, ...info } = audio.source;
      await this.#deps.snapshots.hold(hold, { ...info, stream: await open() });
    } catch (error) {
      this.#deps.log.warn(
        { err: error, mailbox: formatMailbox(mailbox), kind },
        "a greeting is not in force before its store has it",
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #recordings(asterisk: string): Recordings {
    const recordings = this.#deps.recordingsOf(asterisk);
    if (recordings) return recordings;
    throw new VoxpostError("ASTERISK_UNREACHABLE", `This program serves no Asterisk named "${asterisk}"`);
  }
}

/** Longest that fetching a greeting from Asterisk's disk may take. */
const FETCH_MS = 10_000;
