import type { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Adoption } from "./adoption.ts";
import { type CallHandler, Calls } from "./app.ts";
import type { AriObserver, AriServer } from "./ari-requests.ts";
import { Asterisk } from "./asterisk.ts";
import type { LampNotes } from "./lamp-notes.ts";
import type { Media } from "./media.ts";
import { MediaCache } from "./media-cache.ts";
import { Lamps } from "./mwi.ts";
import { Recordings } from "./recordings.ts";
import { checkSounds } from "./sound-check.ts";

export interface IvrOptions {
  readonly server: AriServer & { readonly name: string };
  /** Name of this program; its Stasis application is `voxpost-<instance>`. */
  readonly instance: string;
  readonly media: Media;
  readonly handler: CallHandler;
  /** Whether as many calls are served as the program can take; the dialplan then tries the next one. Default: never. */
  readonly isFull?: () => boolean;
  readonly log: Logger;
  /** Another program took our application over. Main decides; nothing is retried. */
  readonly onReplaced: (error: VoxpostError) => void;
  /** Told of every request to this Asterisk. */
  readonly observe?: AriObserver;
  /** What other programs told of the lamps. Default: this program is alone. */
  readonly lampNotes?: LampNotes;
  /** For tests; see `AsteriskOptions`. */
  readonly timeoutMs?: number;
  readonly retryMs?: readonly [first: number, longest: number];
}

/** Everything that the program does with one Asterisk. */
export interface Ivr {
  readonly asterisk: Asterisk;
  readonly calls: Calls;
  readonly lamps: Lamps;
  readonly recordings: Recordings;
  /** Connects, and stays connected. Resolves at once: callers must be served as soon as Asterisk is there. */
  start(): void;
  /** Takes no new calls and resolves when the present ones have ended. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export function createIvr(options: IvrOptions): Ivr {
  const { server, instance, media, handler, isFull, log, onReplaced, observe, timeoutMs, retryMs } = options;
  const asterisk = new Asterisk({
    ...server,
    app: `voxpost-${instance}`,
    log,
    onReplaced,
    ...(observe ? { observe } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retryMs === undefined ? {} : { retryMs }),
  });
  const cache = new MediaCache(asterisk, media);
  const calls = new Calls({ asterisk, cache, handler, ...(isFull ? { isFull } : {}) });
  const adoption = new Adoption(asterisk);
  const lamps = new Lamps(asterisk, options.lampNotes);
  asterisk.onUp(() => checkSounds(asterisk));
  return {
    asterisk,
    calls,
    lamps,
    recordings: new Recordings(asterisk),
    start() {
      asterisk.start();
      adoption.start();
    },
    drain: () => calls.drain(),
    async close() {
      adoption.stop();
      lamps.close();
      await asterisk.close();
    },
  };
}
