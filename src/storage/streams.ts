import type { Readable } from "node:stream";
import { aborted } from "./faults.ts";

/**
 * Ends a stream with the signal's error when the signal fires. Whoever reads it gets that error; when nobody does yet,
 * the error must not bring the program down.
 */
export function cutOnAbort<T extends Readable>(stream: T, signal: AbortSignal | undefined): T {
  if (!signal) return stream;
  const cut = () => stream.destroy(aborted(signal));
  stream.on("error", () => {});
  stream.once("close", () => signal.removeEventListener("abort", cut));
  signal.addEventListener("abort", cut, { once: true });
  if (signal.aborted) cut();
  return stream;
}
