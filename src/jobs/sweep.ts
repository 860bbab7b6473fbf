import { channelField, ROOT } from "../custody/name.ts";
import type { AsideReason, Reasons } from "../custody/reasons.ts";
import { groupRecordings, type RecordedMessage, takeNames } from "../custody/takes.ts";
import type { Logger } from "../log.ts";
import type { Enqueue } from "./enqueue.ts";
import { removeGreeting } from "./greeting.ts";
import type { Greetings } from "./greetings.ts";
import { acceptedTakes, greetingOf } from "./recorded-greeting.ts";
import type { Recordings } from "./recordings.ts";

export interface SweepDeps {
  readonly asterisk: string;
  readonly recordings: Recordings;
  readonly enqueue: Pick<Enqueue, "deposit" | "greeting">;
  /** Undefined where no snapshots are kept: then greetings are in force when they are stored. */
  readonly greetings?: Pick<Greetings, "holdsOn" | "found">;
  /** Default: nobody knows why something was set aside. */
  readonly reasons?: Pick<Reasons, "codeOf">;
  readonly log: Logger;
}

/** What lies on one Asterisk's disk. */
export interface SweepResult {
  /** Messages whose call is over and which no store has acknowledged yet. */
  readonly undelivered: number;
  /** When the call of the oldest of them began. */
  readonly oldest?: Date;
  /** Messages that wait for an administrator, by why. */
  readonly setAside: ReadonlyMap<AsideReason, number>;
  /** Names below our folder that are not ours. */
  readonly foreign: number;
}

/**
 * Finds what was recorded and not delivered, whoever recorded it and whatever happened since, and enqueues it. A recording is
 * touched only when its channel is gone and it is not live. Nothing is removed but greetings that their owner never accepted.
 */
export class Sweep {
  readonly #deps: SweepDeps;
  /** Reported once, then left alone. */
  readonly #reported = new Set<string>();

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  /** @throws VoxpostError ASTERISK_UNREACHABLE: then nothing is known, and nothing is touched */
  async run(signal?: AbortSignal): Promise<SweepResult> {
    const { recordings, enqueue, asterisk } = this.#deps;
    const holds = this.#deps.greetings?.holdsOn(asterisk) ?? [];
    // In this order: a recording that is listed now and whose channel is gone afterwards is complete.
    const { messages, foreign } = groupRecordings(await recordings.list(ROOT, signal));
    this.#report(foreign);
    const pending = messages.filter((message) => message.takes.length > 0);
    const channels = pending.length > 0 ? await recordings.channels(signal) : [];
    await this.#deps.greetings?.found(asterisk, pending.filter(greetingOf), holds);
    const over: RecordedMessage[] = [];
    for (const message of await this.#whoseCallIsOver(pending, channels, signal)) {
      const [highest] = message.takes;
      const greeting = greetingOf(message);
      if (greeting && acceptedTakes(message).length === 0) {
        // Nobody will accept it any more: the greeting before it stays.
        await removeGreeting(recordings, message, signal);
        continue;
      }
      over.push(message);
      if (greeting) await enqueue.greeting({ asterisk, mailbox: greeting.mailbox, greeting: greeting.kind });
      else if (highest) await enqueue.deposit({ asterisk, parts: takeNames(highest) });
    }
    const started = over.flatMap(({ all }) => all.map(({ name }) => name.startedAt.getTime()));
    return {
      undelivered: over.length,
      ...(started.length > 0 ? { oldest: new Date(Math.min(...started)) } : {}),
      setAside: await this.#setAside(messages.filter(({ failed }) => failed.length > 0)),
      foreign: foreign.length,
    };
  }

  async #whoseCallIsOver(
    messages: readonly RecordedMessage[],
    channels: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<RecordedMessage[]> {
    const existing = new Set(channels.map(channelField));
    const over: RecordedMessage[] = [];
    for (const message of messages) {
      if (message.all.some(({ name }) => existing.has(name.channel))) continue;
      const live = await Promise.all(
        message.all.map(({ text }) => this.#deps.recordings.isLive(text, signal)),
      );
      if (!live.includes(true)) over.push(message);
    }
    return over;
  }

  async #setAside(messages: readonly RecordedMessage[]): Promise<Map<AsideReason, number>> {
    const codeOf = async ({ id }: RecordedMessage) => (await this.#deps.reasons?.codeOf(id)) ?? "unknown";
    const counts = new Map<AsideReason, number>();
    for (const code of await Promise.all(messages.map(codeOf))) counts.set(code, (counts.get(code) ?? 0) + 1);
    return counts;
  }

  #report(foreign: readonly string[]): void {
    for (const name of foreign) {
      if (this.#reported.has(name)) continue;
      this.#reported.add(name);
      this.#deps.log.warn({ name, asterisk: this.#deps.asterisk }, "not a recording of ours: left alone");
    }
  }
}
