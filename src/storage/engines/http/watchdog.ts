import { VoxpostError } from "../../../errors.ts";
import { follow } from "../../signals.ts";

/** Bounds a wait. Its signal fires with the given one, and with STORE_TIMEOUT when it was not fed for too long. */
export interface Watchdog {
  readonly controller: AbortController;
  /** Something moved: the time begins anew, or once another one, milliseconds. */
  feed(once?: number): void;
  /** It is not the other side that is waited for now, until it is fed again. */
  rest(): void;
  /** For good; no timer and no listener is left. */
  release(): void;
}

/** `limit` in milliseconds; `what` says whose silence it is. */
export function watchdog(signal: AbortSignal | undefined, limit: number, what: string): Watchdog {
  const { controller, release } = follow(signal);
  let timer: NodeJS.Timeout | undefined;
  const bark = (within: number) => {
    const message = `${what} within ${within} ms; see whether the server is up, and how busy it is`;
    controller.abort(new VoxpostError("STORE_TIMEOUT", message));
  };
  const rest = () => clearTimeout(timer);
  const feed = (once = limit) => {
    clearTimeout(timer);
    timer = setTimeout(bark, once, once);
  };
  feed();
  return {
    controller,
    feed,
    rest,
    release() {
      rest();
      release();
    },
  };
}
