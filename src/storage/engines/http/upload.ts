import { createHash } from "node:crypto";
import { VoxpostError } from "../../../errors.ts";
import type { ByteSource } from "../../../model/message.ts";
import { aborted } from "../../faults.ts";
import { cutOnAbort } from "../../streams.ts";
import { type Client, drop, nameOf } from "./client.ts";
import { type Watchdog, watchdog } from "./watchdog.ts";

/** What went out, so that the server can be held to it. */
export interface Sent {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Streams bytes to a path. It is opened again when the connection breaks before anything was answered. When the source
 * itself fails, that failure is thrown as it is.
 */
export async function upload(
  client: Client,
  to: { path: string; headers: Readonly<Record<string, string>> },
  source: ByteSource,
  options: { signal: AbortSignal; stallMs: number; storeMs: number },
): Promise<Sent> {
  const request = { method: "PUT", ...to } as const;
  const dog = watchdog(options.signal, options.stallMs, `${nameOf(request)} made no progress`);
  const { signal } = dog.controller;
  const trial: Trial = {};
  try {
    const body = async () => {
      if (trial.fault) throw trial.fault.error;
      return ReadableStream.from(await outgoing(source, dog, trial, options.storeMs));
    };
    await drop(await client.send({ ...request, body }, dog));
    if (!trial.sent) throw new VoxpostError("STORE_UNREACHABLE", `${nameOf(request)} was answered too early`);
    return trial.sent;
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    throw trial.fault ? trial.fault.error : error;
  } finally {
    // Also ends a source that is still read, when the server answered before it had all.
    dog.controller.abort();
    dog.release();
  }
}

interface Trial {
  sent?: Sent;
  fault?: { readonly error: unknown };
}

async function outgoing(
  source: ByteSource,
  dog: Watchdog,
  trial: Trial,
  storeMs: number,
): Promise<AsyncGenerator<Uint8Array>> {
  const { signal } = dog.controller;
  delete trial.sent;
  try {
    return digested(cutOnAbort(await source.open(signal), signal), dog, trial, storeMs);
  } catch (error) {
    trial.fault = { error };
    throw error;
  }
}

async function* digested(
  audio: AsyncIterable<Buffer>,
  dog: Watchdog,
  trial: Trial,
  storeMs: number,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of audio) {
      dog.feed();
      if (chunk.length === 0) continue;
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    trial.fault = { error };
    throw error;
  }
  dog.feed(storeMs);
  trial.sent = { bytes, sha256: hash.digest("hex") };
}
