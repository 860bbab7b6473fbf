import { Readable } from "node:stream";
import { VoxpostError } from "../../../errors.ts";
import type { AudioPart, PartKind } from "../../../model/message.ts";
import { aborted } from "../../faults.ts";
import { type Client, drop, nameOf } from "./client.ts";
import { defined, partKind } from "./protocol.ts";
import { type Watchdog, watchdog } from "./watchdog.ts";

/** One answer with audio in it; `parts` is how many the message has. */
export interface Download {
  readonly part: AudioPart;
  readonly parts: number;
}

/** What is true while a download lasts, which is longer than the operation that began it. */
export interface Transfers {
  /** Ends every download that is open. */
  readonly open: Set<AbortController>;
  readonly stallMs: number;
}

/**
 * Opens audio at a path; undefined for 204. The stream fails rather than end early, with STORE_UNREACHABLE when the
 * connection breaks, STORE_TIMEOUT when nothing comes while somebody reads, ABORTED by the signal.
 */
export async function download(
  client: Client,
  path: string,
  { open, stallMs }: Transfers,
  signal: AbortSignal | undefined,
): Promise<Download | undefined> {
  const request = { method: "GET", path } as const;
  const dog = watchdog(signal, stallMs, `${nameOf(request)} made no progress`);
  open.add(dog.controller);
  const end = () => {
    open.delete(dog.controller);
    dog.release();
  };
  try {
    const response = await client.send(request, dog);
    if (response.status === 204 || !response.body) {
      await drop(response);
      end();
      return undefined;
    }
    dog.rest();
    const stream = Readable.from(incoming(response.body, dog, nameOf(request)), { objectMode: false });
    stream.on("error", () => {});
    stream.once("close", () => {
      dog.controller.abort();
      end();
    });
    return { part: { ...infoOf(response.headers), stream }, parts: partsOf(response.headers) };
  } catch (error) {
    end();
    throw dog.controller.signal.aborted ? aborted(dog.controller.signal) : error;
  }
}

async function* incoming(
  body: ReadableStream<Uint8Array>,
  dog: Watchdog,
  what: string,
): AsyncGenerator<Uint8Array> {
  const { signal } = dog.controller;
  dog.feed();
  try {
    for await (const chunk of body) {
      // While the reader is busy with it, nothing is waited for.
      dog.rest();
      yield chunk;
      dog.feed();
    }
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    throw VoxpostError.from(error, "STORE_UNREACHABLE", `${what} broke off in the middle of the audio`);
  } finally {
    dog.rest();
  }
}

function infoOf(headers: Headers): Omit<AudioPart, "stream"> {
  const kind: PartKind = partKind.safeParse(headers.get("audio-kind")).data ?? "voice";
  return defined({
    kind,
    contentType: headers.get("content-type") ?? "application/octet-stream",
    duration: wholeNumber(headers.get("content-duration")),
    // What a proxy has compressed on its way was of another length.
    size: headers.has("content-encoding") ? undefined : wholeNumber(headers.get("content-length")),
  });
}

function partsOf(headers: Headers): number {
  return Math.min(wholeNumber(headers.get("audio-parts")) ?? 1, 100);
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
