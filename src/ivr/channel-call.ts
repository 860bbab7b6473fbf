import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Caller } from "../model/message.ts";
import type { AriChannel } from "./ari-events.ts";
import type { Asterisk } from "./asterisk.ts";
import type {
  Call,
  DialplanPlace,
  Entry,
  EntryOptions,
  LocalAudio,
  PlaybackOptions,
  PlaybackResult,
  RecordOptions,
  RecordResult,
} from "./call.ts";
import { Keys } from "./keys.ts";
import type { MediaCache } from "./media-cache.ts";
import { playMessage } from "./message-playback.ts";
import type { Key, Script } from "./phrase.ts";
import { Playback } from "./player.ts";
import { resolve } from "./prompts.ts";
import { record } from "./recorder.ts";
import { recordPart } from "./recording-part.ts";
import { Recordings } from "./recordings.ts";
import { Watchdog } from "./watchdog.ts";

/** A call on a real channel: what `Call` promises, by ARI. */
export class ChannelCall implements Call {
  readonly id: string;
  readonly asterisk: string;
  readonly caller: Caller;
  readonly dialplanContext: string;
  language: string;
  readonly startedAt = new Date();
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly #server: Asterisk;
  readonly #cache: MediaCache;
  readonly #keys = new Keys();
  readonly #gone = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #path: string;
  /** What the dialplan was told of this call so far. */
  #status: string | undefined;
  #isUp: boolean;
  #hasLeft = false;
  #playing: Playback | undefined;

  constructor(server: Asterisk, cache: MediaCache, channel: AriChannel, place: CallPlace) {
    this.id = channel.id;
    this.asterisk = server.name;
    this.caller = {
      ...(channel.caller?.number ? { number: channel.caller.number } : {}),
      ...(channel.caller?.name ? { name: channel.caller.name } : {}),
    };
    this.dialplanContext = place.dialplanContext;
    this.language = channel.language || "en";
    this.signal = this.#gone.signal;
    this.log = server.log.child({ call: channel.id });
    this.#server = server;
    this.#cache = cache;
    this.#path = `/channels/${encodeURIComponent(channel.id)}`;
    this.#isUp = channel.state === "Up";
    this.#watchdog = new Watchdog((seconds) => this.#setAtOnce("TIMEOUT(absolute)", String(seconds)), {
      seconds: place.watchdogSeconds,
      ...(place.until === undefined ? {} : { until: place.until }),
      onFault: (error) => {
        if (!this.isOver) this.log.warn({ err: error }, "dead man's switch not renewed");
      },
    });
  }

  /** True once the call was given back or is gone: nobody needs to do anything with it. */
  get isOver(): boolean {
    return this.#hasLeft || this.signal.aborted;
  }

  /** A key that Asterisk reported. */
  press(digit: string | undefined): void {
    this.#keys.press(digit);
  }

  /** The channel is out of our hands: hung up, or moved on by somebody else. */
  end(): void {
    this.#watchdog.stop();
    this.#gone.abort(new VoxpostError("CALL_GONE", `The caller of ${this.id} has hung up`));
  }

  async answer(): Promise<void> {
    this.#check();
    if (this.#isUp) return;
    await this.#server.requests.post(`${this.#path}/answer`, { signal: this.signal }).catch(this.#asGone);
    this.#isUp = true;
  }

  async play(
    script: Script,
    options: { bargeIn?: "any" | "none" | readonly Key[] } = {},
  ): Promise<Key | undefined> {
    this.#check();
    const { bargeIn = "any" } = options;
    let key: Key | undefined;
    let interrupt = () => {};
    const interrupted = new Promise<void>((resolve) => {
      interrupt = resolve;
    });
    const stopListening =
      bargeIn === "none"
        ? () => {}
        : this.#keys.listen((pressed) => {
            if (bargeIn !== "any" && !bargeIn.includes(pressed)) return false;
            key = pressed;
            interrupt();
            return true;
          });
    try {
      // Typed ahead: nothing is said.
      if (key) return key;
      const { media, withdraw } = resolve(script, this.language, this.#cache);
      if (media.length === 0) return undefined;
      try {
        const playback = await this.#begin(media);
        const ended = await Promise.race([playback.ended, interrupted]);
        if (ended === undefined) await playback.stop();
        else if (ended === "failed") this.log.warn({ media }, "Asterisk could not play the end of this");
      } finally {
        void withdraw();
      }
      this.#check();
      return key;
    } finally {
      stopListening();
    }
  }

  async key(waitMs: number): Promise<Key | undefined> {
    this.#check();
    const key = await this.#keys.next(waitMs, this.signal);
    this.#check();
    return key;
  }

  async entry(options: EntryOptions = {}): Promise<Entry> {
    const { first, maxKeys = 40, firstMs = 10_000, betweenMs = 2_000 } = options;
    let keys = "";
    let next = first ?? (await this.key(firstMs));
    while (next !== undefined) {
      if (next === "#") return { keys, ended: "terminator" };
      keys += next;
      if (keys.length >= maxKeys) return { keys, ended: "full" };
      next = await this.key(betweenMs);
    }
    return { keys, ended: "timeout" };
  }

  clearKeys(): void {
    this.#keys.clear();
  }

  async playMessage(audio: LocalAudio, options: PlaybackOptions): Promise<PlaybackResult> {
    this.#check();
    const published = this.#cache.publish(audio.path, audio.contentType);
    try {
      const result = await playMessage(this.#keys, options, published, () =>
        this.#begin([`sound:${published.url}`], options.skipMs),
      );
      if (!result.heard) this.#check();
      return result;
    } finally {
      void published.withdraw();
    }
  }

  async record(options: RecordOptions): Promise<RecordResult> {
    if (options.beep !== undefined) {
      const beep = options.beep;
      // A busy Asterisk may play it all the same, later than it answers.
      await this.play([beep], { bargeIn: "none" }).catch((error: unknown) => {
        if (!isCode(error, "CALL_GONE", "ASTERISK_UNREACHABLE")) throw error;
      });
      this.#keys.clear();
    }
    if (this.signal.aborted) return { parts: [], ended: "hangup", duration: 0 };
    const call = { asterisk: this.#server, channel: this.id, keys: this.#keys, signal: this.signal };
    return record(call, options, () => {
      // There is a message from now on: if we die, nobody shall ask the caller for another one.
      if (this.#status !== undefined) return;
      this.#status = "SERVED";
      this.#setAtOnce(STATUS, "SERVED").catch((error: unknown) => {
        if (!this.isOver) this.log.warn({ err: error }, "the dialplan does not know that there is a message");
      });
    });
  }

  async note(name: string): Promise<boolean> {
    if (this.signal.aborted) return false;
    const call = { asterisk: this.#server, channel: this.id, signal: this.signal };
    const options = { maxSeconds: 1, maxSilence: 0, overwrite: false, onBegun: () => {} };
    await recordPart(call, name, options, AbortSignal.abort());
    // While Asterisk does not answer a recording is believed in; a promise must not rest on that.
    return new Recordings(this.#server).exists(name);
  }

  async variable(name: string): Promise<string | undefined> {
    this.#check();
    try {
      const found = await this.#server.requests.get<{ value: string }>(`${this.#path}/variable`, {
        query: { variable: name },
        signal: this.signal,
      });
      return found.value === "" ? undefined : found.value;
    } catch (error) {
      if (isCode(error, "ASTERISK_REFUSED") && error.context.status === 404) return undefined;
      return this.#asGone(error);
    }
  }

  async setVariable(name: string, value: string): Promise<void> {
    this.#check();
    if (name === STATUS) this.#status = value;
    await this.#server.requests
      .post(`${this.#path}/variable`, { query: { variable: name, value }, signal: this.signal })
      .catch(this.#asGone);
  }

  /**
   * ARI sets a variable only when the channel is done with what it plays or records, which may be minutes away. Reading is done
   * at once, and the dialplan function SET, when it is read, sets. For plain words and numbers of our own only.
   */
  async #setAtOnce(name: string, value: string): Promise<void> {
    this.#check();
    await this.#server.requests
      .get(`${this.#path}/variable`, { query: { variable: `SET(${name}=${value})` }, signal: this.signal })
      .catch(this.#asGone);
  }

  async extensionExists(dialplanContext: string, extension: string): Promise<boolean> {
    // Anything else would be read as arguments of the function.
    if (![dialplanContext, extension].every((part) => /^[A-Za-z0-9_.+*#-]{1,79}$/.test(part))) return false;
    return (await this.variable(`DIALPLAN_EXISTS(${dialplanContext},${extension},1)`)) === "1";
  }

  /** What the dialplan's subroutine reads is agreed in config/asterisk/README.md. */
  async leave(to?: DialplanPlace): Promise<void> {
    if (to) await this.setVariable("VOXPOST_GOTO", `${to.context},${to.extension},1`);
    if (this.#status === undefined) await this.setVariable(STATUS, "SERVED");
    await this.#continue();
  }

  async decline(): Promise<void> {
    if (this.#status === undefined) await this.setVariable(STATUS, "DECLINED");
    await this.#continue();
  }

  async hangUp(): Promise<void> {
    this.#check();
    this.#hasLeft = true;
    await this.#server.requests.delete(this.#path).catch(this.#asGone);
  }

  /** Renews the dead man's switch from now on. */
  hold(): void {
    this.#watchdog.start();
  }

  async #continue(): Promise<void> {
    this.#check();
    this.#hasLeft = true;
    this.#watchdog.stop();
    await this.#playing?.stop();
    await this.#server.requests.post(`${this.#path}/continue`).catch(this.#asGone);
  }

  async #begin(media: readonly string[], skipMs?: number): Promise<Playback> {
    const playback = new Playback(this.#server, this.id, this.signal);
    this.#playing = playback;
    await playback
      .begin(media, { language: this.language, ...(skipMs === undefined ? {} : { skipMs }) })
      .catch(this.#asGone);
    return playback;
  }

  #check(): void {
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** A request that failed because the caller went says so, and the call ends here and now. */
  readonly #asGone = (error: unknown): never => {
    if (isCode(error, "CALL_GONE")) this.end();
    if (this.signal.aborted) throw this.signal.reason;
    throw error;
  };
}

const STATUS = "VOXPOST_STATUS";

/** Where a call came from, read when it enters. */
export interface CallPlace {
  readonly dialplanContext: string;
  /** Seconds after which the dialplan takes the caller back when we have died. */
  readonly watchdogSeconds: number;
  /** The site's own limit of the call. */
  readonly until?: Date;
}
