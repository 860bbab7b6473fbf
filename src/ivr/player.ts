import { randomUUID } from "node:crypto";
import { isCode, type VoxpostError } from "../errors.ts";
import type { AriPlayback } from "./ari-events.ts";
import { isNotFound } from "./ari-requests.ts";
import type { Asterisk } from "./asterisk.ts";

export type PlaybackControl = "restart" | "pause" | "unpause" | "reverse" | "forward";

/** `done` also when it was stopped; `failed` when the last item could not be played; `gone` after a hang-up. */
export type PlaybackEnd = "done" | "failed" | "gone";

/** How often a playback is asked for whose end was not reported. */
const WATCH_MS = 10_000;
/** How long the report of a hang-up may take. */
const GONE_MS = 300;
/** How long the end may take after a stop; a stop during a slow fetch waits for the fetch. */
const STOP_MS = 5_000;

/** One playback on a channel. `ended` always resolves, also when its event is lost. */
export class Playback {
  readonly ended: Promise<PlaybackEnd>;
  readonly #id = `voxpost-${randomUUID()}`;
  readonly #asterisk: Asterisk;
  readonly #channel: string;
  readonly #signal: AbortSignal;
  #end: (how: PlaybackEnd) => void = () => {};
  #hasEnded = false;
  #hasBegun = false;
  /** Asterisk knows of it: before that "not found" does not mean that it is over. */
  #isTaken = false;

  constructor(asterisk: Asterisk, channel: string, signal: AbortSignal) {
    this.#asterisk = asterisk;
    this.#channel = channel;
    this.#signal = signal;
    this.ended = new Promise((resolve) => {
      this.#end = (how) => {
        this.#hasEnded = true;
        resolve(how);
      };
    });
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Asks for it; resolves when Asterisk has taken it. @throws CALL_GONE, ASTERISK_UNREACHABLE, ASTERISK_REFUSED */
  async begin(media: readonly string[], options: { language: string; skipMs?: number }): Promise<void> {
    const { requests, events } = this.#asterisk;
    let failing: NodeJS.Timeout | undefined;
    const cleanUp = [
      events.on(`playback:${this.#id}`, ({ type, playback }) => {
        if (type === "PlaybackStarted") this.#hasBegun = true;
        if (type !== "PlaybackFinished") return;
        if (playback?.state !== "failed") return this.#end("done");
        // A hang-up fails a playback too, and is reported just after it.
        failing = setTimeout(() => this.#end("failed"), GONE_MS);
      }),
      this.#asterisk.onUp(() => this.#look()),
      this.#whenGone(() => this.#end("gone")),
    ];
    const watch = setInterval(() => void this.#look(), WATCH_MS);
    void this.ended.then(() => {
      clearInterval(watch);
      clearTimeout(failing);
      for (const stop of cleanUp) stop();
    });
    try {
      await requests.post(`/channels/${encodeURIComponent(this.#channel)}/play/${this.#id}`, {
        query: { lang: options.language, skipms: options.skipMs },
        body: { media },
        signal: this.#signal,
      });
      this.#isTaken = true;
    } catch (error) {
      this.#end("gone");
      throw error;
    }
  }

  /** Resolves when nothing is heard any more. */
  async stop(): Promise<PlaybackEnd> {
    if (this.#hasEnded) return this.ended;
    await this.#asterisk.requests
      .delete(`/playbacks/${this.#id}`)
      .catch((error: VoxpostError) => this.#ignore(error));
    const timer = setTimeout(() => this.#end("done"), STOP_MS);
    return this.ended.finally(() => clearTimeout(timer));
  }

  /** A playback that ended meanwhile needs no control. */
  async control(operation: PlaybackControl): Promise<void> {
    if (this.#hasEnded) return;
    await this.#asterisk.requests
      .post(`/playbacks/${this.#id}/control`, { query: { operation } })
      .catch((error: VoxpostError) => this.#ignore(error));
  }

  #ignore(error: VoxpostError): void {
    if (!isNotFound(error))
      this.#asterisk.log.warn({ err: error, channel: this.#channel }, "playback not controlled");
  }

  /** Its end may have been reported while we were deaf. */
  async #look(): Promise<void> {
    if (!this.#isTaken) return;
    try {
      const playback = await this.#asterisk.requests.find<AriPlayback>(`/playbacks/${this.#id}`);
      if (!playback) this.#end("done");
    } catch (error) {
      if (!isCode(error, "ASTERISK_UNREACHABLE")) throw error;
    }
  }

  #whenGone(listener: () => void): () => void {
    if (this.#signal.aborted) listener();
    this.#signal.addEventListener("abort", listener, { once: true });
    return () => this.#signal.removeEventListener("abort", listener);
  }
}
