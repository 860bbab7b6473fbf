import type { ErrorCode } from "../errors.ts";

/** What `/readyz` tells: names from the configuration, and words. */
export interface Health {
  /** New calls are welcome: an Asterisk is connected, and the program does not end. Nothing else keeps a caller from being served. */
  readonly ready: boolean;
  readonly draining: boolean;
  /** By configured name: connecting, up, replaced or closed. */
  readonly asterisk: Readonly<Record<string, string>>;
  readonly redis: "up" | "away";
  /** `up`, or the code of what its check ran into. */
  readonly store: "up" | ErrorCode;
}
