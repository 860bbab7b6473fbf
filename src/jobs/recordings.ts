import type { Readable } from "node:stream";

/**
 * The recording folder of one Asterisk, as jobs need it; src/ivr implements it over ARI. Names are those of
 * custody/name.ts: paths below the recording folder, without ending.
 *
 * Every method rejects with ASTERISK_UNREACHABLE when that Asterisk does not answer, so that nobody mistakes an
 * unreachable recording for a removed one.
 */
export interface Recordings {
  /** Configured name of the Asterisk. */
  readonly asterisk: string;

  /** Names of all recordings below `voxpost/`, those in progress included. */
  list(signal?: AbortSignal): Promise<string[]>;
  /** Ids of all channels that exist. A recording is complete only when its channel is not among them. */
  channels(signal?: AbortSignal): Promise<string[]>;
  /** Whether ARI itself is recording under this name. The dialplan's `Record()` is never live. */
  isLive(name: string, signal?: AbortSignal): Promise<boolean>;

  /** The whole file; the reader reads it to its end or destroys it. @throws RECORDING_GONE */
  open(name: string, signal?: AbortSignal): Promise<Readable>;
  /** Resolves when the copy is complete; what bore the new name already is replaced. @throws RECORDING_GONE */
  copy(from: string, to: string, signal?: AbortSignal): Promise<void>;
  /** For good. A recording that is gone already is removed successfully. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}
