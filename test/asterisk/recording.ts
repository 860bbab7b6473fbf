import type { Channel, Operation } from "./channel.ts";
import type { Spool } from "./spool.ts";
import { secondsOf, slice } from "./wav.ts";

export interface RecordingOptions {
  readonly name: string;
  readonly format: string;
  /** Seconds; 0 is without limit. */
  readonly maxSeconds: number;
  readonly maxSilence: number;
  /** `none`, `any`, `*` or `#`. */
  readonly terminateOn: string;
  readonly onEnd?: () => void;
}

/** This long without RTP ends a recording, with the call still up. */
const NO_RTP_MS = 4_000;
/** What is left of a silence that ended a recording. */
const SILENCE_LEFT_MS = 200;

/** A recording of what the phone sends, into the spool. */
export class Recording implements Operation {
  readonly options: RecordingOptions;
  readonly #channel: Channel;
  readonly #spool: Spool;
  #state: "queued" | "recording" | "done" = "queued";
  #from = 0;
  #file: { finish(pcm: Buffer): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #forget = () => {};
  #finish: () => void = () => {};
  #figures: Record<string, number> = {};

  constructor(channel: Channel, spool: Spool, options: RecordingOptions) {
    this.#channel = channel;
    this.#spool = spool;
    this.options = options;
  }

  toJSON(): Record<string, unknown> {
    const { name, format } = this.options;
    return { name, format, state: this.#state, target_uri: `channel:${this.#channel.id}`, ...this.#figures };
  }

  /** Whether it is recording this channel now. */
  isOf(channel: Channel): boolean {
    return this.#channel === channel && this.#state === "recording";
  }

  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#from = Date.now();
      const { name, format } = this.options;
      this.#file = this.#spool.begin(name, format, () => this.#heard().pcm);
      this.#state = "recording";
      this.#channel.tell("RecordingStarted", { recording: this.toJSON() });
      // A name too long for a file: "done" at once, and nobody is told that there is nothing.
      if (!this.#file) return this.#end();
      this.#forget = this.#channel.microphone.onChange(() => this.#watch());
      this.#watch();
    });
  }

  interrupt(): void {
    this.#end();
  }

  /** Ignored while it waits for a playback to end, as Asterisk ignores it. */
  stop(): void {
    if (this.#state === "recording") this.#end();
  }

  cancel(): void {
    const { name } = this.options;
    this.stop();
    if (this.#spool.has(name)) this.#spool.remove(name);
  }

  digit(digit: string): void {
    const { terminateOn } = this.options;
    if (terminateOn === "any" || terminateOn === digit) this.#end();
  }

  /** Ends when the first of the limits is reached, seen from what the phone sends now. */
  #watch(): void {
    clearTimeout(this.#timer);
    const { maxSeconds, maxSilence } = this.options;
    const { what, since } = this.#channel.microphone.now;
    const quietSince = Math.max(since, this.#from);
    const limits = [
      maxSeconds > 0 ? { at: this.#from + maxSeconds * 1_000, cut: 0 } : undefined,
      maxSilence > 0 && what === "silence"
        ? { at: quietSince + maxSilence * 1_000, cut: maxSilence * 1_000 - SILENCE_LEFT_MS }
        : undefined,
      what === "nothing" ? { at: quietSince + NO_RTP_MS, cut: 0 } : undefined,
    ].filter((limit) => limit !== undefined);
    const [first] = limits.sort((a, b) => a.at - b.at);
    if (first) this.#timer = setTimeout(() => this.#end(first.cut), first.at - Date.now());
  }

  #end(cutMs = 0): void {
    if (this.#state === "done") return;
    const recorded = this.#state === "recording";
    clearTimeout(this.#timer);
    this.#forget();
    this.#state = "done";
    const { pcm, speechMs } = recorded ? this.#heard() : { pcm: Buffer.alloc(0), speechMs: 0 };
    const kept = this.#file ? slice(pcm, 0, Math.max(0, secondsOf(pcm) * 1_000 - cutMs)) : Buffer.alloc(0);
    this.#file?.finish(kept);
    this.#figures = figures(secondsOf(kept), speechMs / 1_000, this.options.maxSilence > 0);
    this.#channel.tell("RecordingFinished", { recording: this.toJSON() });
    this.options.onEnd?.();
    this.#finish();
  }

  #heard(): { pcm: Buffer; speechMs: number } {
    return this.#channel.microphone.heard(this.#from, Date.now());
  }
}

function figures(seconds: number, speech: number, measured: boolean): Record<string, number> {
  const duration = Math.floor(seconds);
  if (!measured) return { duration };
  const talking = Math.min(duration, Math.floor(speech));
  return { duration, talking_duration: talking, silence_duration: duration - talking };
}
