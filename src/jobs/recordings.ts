import type { Readable } from "node:stream";

/**
 * The recording folder of one Asterisk, as jobs need it; src/ivr implements it over ARI. Names are those of
 * custody/name.ts: paths below the recording folder, without ending.
 *
 * Every method rejects with ASTERISK_UNREACHABLE when that Asterisk does not answer, so that nobody mistakes an
 * unreachable recording for a removed one.
 */
export interface Recordings {
  /** Names of all recordings below a folder, those in progress included. */
  list(folder: string, signal?: AbortSignal): Promise<string[]>;
  /** Ids of all channels that exist. A recording is complete only when its channel is not among them. */
  channels(signal?: AbortSignal): Promise<string[]>;
  /** Whether ARI itself is recording under this name. The dialplan's `Record()` is never live. */
  isLive(name: string, signal?: AbortSignal): Promise<boolean>;

  /** The whole file; the reader reads it to its end or destroys it. An interrupted transfer fails. @throws RECORDING_GONE */
  fetch(name: string, signal?: AbortSignal): Promise<Readable>;
  /** Resolves when the copy is whole; the new name must be free. @throws RECORDING_GONE */
  copy(name: string, to: string, signal?: AbortSignal): Promise<void>;
  /** A copy to the new name, then removal of the old. May be tried again. @throws RECORDING_GONE */
  rename(name: string, to: string, signal?: AbortSignal): Promise<void>;
  /** For good. Removing what is gone succeeds. @throws LOCKED when it is live */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

/** By the Asterisk's configured name; undefined for one that this program does not know. */
export type RecordingsOf = (asterisk: string) => Recordings | undefined;
