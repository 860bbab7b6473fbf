import { Readable } from "node:stream";
import { VoxpostError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import { throwIfAborted } from "../faults.ts";
import { follow, orAborted } from "../signals.ts";
import { layer, type Operation } from "./layer.ts";

export interface TimeLimits {
  /** For what moves no audio, milliseconds. Default 10,000: a caller waits no longer for a listing. */
  readonly answerMs?: number;
  /** For what moves audio in or out, milliseconds. Default 120,000. */
  readonly transferMs?: number;
}

const DEFAULTS = { answerMs: 10_000, transferMs: 120_000 };

const TRANSFERS: ReadonlySet<Operation> = new Set([
  "read",
  "readExtras",
  "append",
  "readGreeting",
  "writeGreeting",
]);

/**
 * Rejects with STORE_TIMEOUT what lasts too long, and cancels it; also when the engine does not heed the signal. An
 * append that was given up may still come to its end, which is why deposits search before they append.
 */
export function withTimeout(inner: Engine, limits: TimeLimits = {}): Engine {
  const { answerMs, transferMs } = { ...DEFAULTS, ...limits };
  return layer(inner, (operation, signal, run) => {
    const limit = TRANSFERS.has(operation) ? transferMs : answerMs;
    return bounded(`${inner.name}: ${operation}`, limit, signal, run);
  });
}

async function bounded<T>(
  what: string,
  limit: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const { controller, release } = follow(signal);
  const timer = setTimeout(() => {
    const message = `${what} did not end within ${limit} ms; see whether the store is up, and how busy it is`;
    controller.abort(new VoxpostError("STORE_TIMEOUT", message));
  }, limit);
  try {
    return await orAborted(run(controller.signal), controller.signal, close);
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** What an engine opened for somebody who waits no more. */
function close(late: unknown): void {
  for (const found of Array.isArray(late) ? late : [late]) {
    const stream = found instanceof Readable ? found : found?.stream;
    if (stream instanceof Readable) stream.destroy();
  }
}
