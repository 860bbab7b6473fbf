import type { Channel, Operation } from "./channel.ts";

const SKIP_MS = 3_000;

export interface PlaybackOptions {
  readonly id: string;
  readonly media: readonly string[];
  readonly skipMs?: number;
  /** How long a sound takes; undefined when it cannot be played. */
  readonly length: (media: string) => Promise<number | undefined>;
  readonly onEnd?: () => void;
}

type State = "queued" | "playing" | "continuing" | "done" | "failed";

/** A list of media that is played to a channel, one after the other. What cannot be played is skipped silently. */
export class Playback implements Operation {
  readonly id: string;
  readonly #channel: Channel;
  readonly #options: PlaybackOptions;
  #state: State = "queued";
  #index = 0;
  /** Of the present item: where it is, in milliseconds, and since when it has been running from there. */
  #position = 0;
  #runningSince: number | undefined;
  #length = 0;
  #loading = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Numbers cannot be interrupted until a sound has been played in the same list. */
  #controllable = false;
  #finish: () => void = () => {};

  constructor(channel: Channel, options: PlaybackOptions) {
    this.id = options.id;
    this.#channel = channel;
    this.#options = options;
  }

  toJSON(): Record<string, unknown> {
    const next = this.#options.media[this.#index + 1];
    return {
      id: this.id,
      media_uri: this.#options.media[this.#index],
      ...(next === undefined ? {} : { next_media_uri: next }),
      target_uri: `channel:${this.#channel.id}`,
      language: this.#channel.language,
      state: this.#state,
    };
  }

  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      if (this.#stopped) this.#end("done");
      else void this.#begin();
    });
  }

  /** The caller is gone, or the absolute timeout struck. */
  interrupt(): void {
    this.#stopped = true;
    this.#end("failed");
  }

  /** False when Asterisk refuses, because only numbers were played so far. */
  stop(): boolean {
    if (this.#state !== "queued" && !this.#controllable) return false;
    this.#stopped = true;
    // While a file is being fetched nobody looks at what was asked; a queued one ends when its turn comes.
    if (this.#state !== "queued" && !this.#loading) this.#end("done");
    return true;
  }

  control(operation: string): boolean {
    if (!this.#controllable) return this.#state === "queued";
    const skip = this.#options.skipMs ?? SKIP_MS;
    const moves: Record<string, () => void> = {
      restart: () => this.#goTo(0),
      forward: () => this.#goTo(this.#now() + skip),
      reverse: () => this.#goTo(Math.max(0, this.#now() - skip)),
      // As in Asterisk, pausing what is paused lets it go on.
      pause: () => (this.#runningSince === undefined ? this.#resume() : this.#pause()),
      unpause: () => this.#runningSince === undefined && this.#resume(),
    };
    moves[operation]?.();
    return true;
  }

  async #begin(): Promise<void> {
    const media = this.#options.media[this.#index] ?? "";
    this.#controllable ||= media.startsWith("sound:") || media.startsWith("recording:");
    this.#tell("PlaybackStarted", "playing");
    this.#loading = true;
    const length = await this.#options.length(media);
    this.#loading = false;
    if (this.#state !== "playing") return;
    if (this.#stopped) this.#end("done");
    else if (length === undefined) this.#itemOver("failed");
    else {
      this.#channel.heard(media);
      this.#length = length;
      this.#goTo(0);
    }
  }

  #itemOver(outcome: "done" | "failed"): void {
    if (this.#index + 1 < this.#options.media.length) {
      this.#tell("PlaybackContinuing", "continuing");
      this.#index++;
      void this.#begin();
    } else {
      this.#end(outcome);
    }
  }

  #goTo(position: number): void {
    clearTimeout(this.#timer);
    this.#position = position;
    this.#runningSince = Date.now();
    this.#timer = setTimeout(() => this.#itemOver("done"), Math.max(0, this.#length - position));
  }

  #now(): number {
    return this.#position + (this.#runningSince === undefined ? 0 : Date.now() - this.#runningSince);
  }

  #pause(): void {
    clearTimeout(this.#timer);
    this.#position = this.#now();
    this.#runningSince = undefined;
  }

  #resume(): void {
    this.#goTo(this.#position);
    this.#tell("PlaybackStarted", "playing");
  }

  #end(state: "done" | "failed"): void {
    if (this.#state === "done" || this.#state === "failed") return;
    clearTimeout(this.#timer);
    this.#tell("PlaybackFinished", state);
    this.#options.onEnd?.();
    this.#finish();
  }

  #tell(type: "PlaybackStarted" | "PlaybackContinuing" | "PlaybackFinished", state: State): void {
    this.#state = state;
    this.#channel.tell(type, { playback: this.toJSON() });
  }
}
