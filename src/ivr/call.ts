import type { Logger } from "../log.ts";
import type { Caller } from "../model/message.ts";
import type { Key, Script } from "./phrase.ts";

/**
 * One caller on the line, as menus see it: no channel, no ARI, no events.
 *
 * After a hang-up `signal` aborts, once, and every waiting method rejects with CALL_GONE; nobody needs to ask.
 * Keys pressed while nobody listens are kept (type-ahead) and answer the next question, oldest first.
 */
export interface Call {
  /** Asterisk's UNIQUEID for the channel: follows the call through logs, recordings, jobs and mail. */
  readonly id: string;
  /** Configured name of the Asterisk that the call is on. */
  readonly asterisk: string;
  readonly caller: Caller;
  /** Dialplan context that the Gosub came from: where `o`, `a` and typed extensions are looked for. */
  readonly dialplanContext: string;
  /** Language of the prompts; may be set after login to the owner's. */
  language: string;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly log: Logger;

  /** Does nothing when the channel is up already. */
  answer(): Promise<void>;

  /**
   * Says a script. Resolves to the key that ended it, or undefined when it was heard to its end.
   * `bargeIn`: which keys end it (default: any). Other keys pressed meanwhile are dropped, as app_voicemail does.
   */
  play(script: Script, options?: { bargeIn?: "any" | "none" | readonly Key[] }): Promise<Key | undefined>;

  /** The next key, from type-ahead or within `waitMs` milliseconds. */
  key(waitMs: number): Promise<Key | undefined>;

  /** Several keys up to `#`. `first` is a key that was taken already (it interrupted the prompt). */
  entry(options?: EntryOptions): Promise<Entry>;

  /** Forgets keys pressed so far: before a recording, and after a mistake. */
  clearKeys(): void;

  /**
   * Plays a recorded message with playback control. Its audio is on this machine already. A hang-up after it began ends it as a
   * key does, without an error.
   */
  playMessage(audio: LocalAudio, options: PlaybackOptions): Promise<PlaybackResult>;

  /**
   * Records to Asterisk's spool until `#`, the limits or the hang-up; a hang-up resolves like any other end, because
   * what was said is kept. @throws RECORDING_NOT_STARTED when no file exists after Asterisk said that it records
   */
  record(options: RecordOptions): Promise<RecordResult>;

  /**
   * Leaves a recording without words, whose name tells what was asked for: it is kept until it is done. True only when it is certainly
   * on the disk; it may be otherwise, too. @throws RECORDING_NOT_STARTED, ASTERISK_UNREACHABLE
   */
  note(name: string): Promise<boolean>;

  variable(name: string): Promise<string | undefined>;
  setVariable(name: string, value: string): Promise<void>;
  /** Whether the dialplan has this extension (priority 1). */
  extensionExists(dialplanContext: string, extension: string): Promise<boolean>;

  /** Gives the call back to the dialplan: behind the Gosub, or at a place of its own. The last thing done with a call. */
  leave(to?: DialplanPlace): Promise<void>;
  /** Cannot be served here: the dialplan tries the next program, or serves it itself. One that was recorded is given back instead. */
  decline(): Promise<void>;
  hangUp(): Promise<void>;
}

export interface DialplanPlace {
  readonly context: string;
  readonly extension: string;
}

export interface EntryOptions {
  readonly first?: Key;
  /** Default 40. */
  readonly maxKeys?: number;
  /** Milliseconds until the first key; default 10,000. */
  readonly firstMs?: number;
  /** Milliseconds between keys; default 2,000. The keys so far are used when it runs out. */
  readonly betweenMs?: number;
}

export interface Entry {
  readonly keys: string;
  readonly ended: "terminator" | "timeout" | "full";
}

/** A file of ours. Whoever made it removes it. */
export interface LocalAudio {
  readonly path: string;
  readonly contentType: string;
}

export interface PlaybackOptions {
  /** Step of forward and rewind, milliseconds. */
  readonly skipMs: number;
  /** Keys that do something to the playback; every other key stops it and is returned. */
  readonly controls: Partial<Record<Key, "forward" | "rewind" | "pause" | "restart">>;
}

export interface PlaybackResult {
  readonly key?: Key;
  /** Played to its end with all its bytes served, or ended by a key or a hang-up after it began. */
  readonly heard: boolean;
}

export interface RecordOptions {
  /** Full name in Asterisk's recording folder, without ending; a pause in the speech makes further parts (0, 1, …). */
  readonly name: (part: number) => string;
  /** Seconds; 0 is unlimited. */
  readonly maxSeconds: number;
  /** Seconds; 0 is never. */
  readonly maxSilence: number;
  /** Prompt key or sound of the beep; undefined for none. */
  readonly beep?: string;
  /** Keys that end the recording besides `#`. */
  readonly stopKeys?: readonly Key[];
}

export interface RecordResult {
  /** Names of the parts, in order; each exists on Asterisk's disk. */
  readonly parts: readonly string[];
  /** `fault`: Asterisk could not write all of it, as when its disk is full; what it wrote is there. */
  readonly ended: "key" | "silence" | "limit" | "hangup" | "fault";
  readonly key?: Key;
  /** Seconds of all parts: of what was written, where that could be read, else as Asterisk counts them, whose 0 means nothing; undefined when neither is known. */
  readonly duration: number | undefined;
  /** Seconds of speech, when `maxSilence` is set and Asterisk measured it. */
  readonly talking?: number;
}
