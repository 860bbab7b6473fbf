import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { AudioPart } from "../../model/message.ts";
import { headerType } from "../engines/http/protocol.ts";
import { cutOnAbort } from "../streams.ts";
import { HttpError } from "./problems.ts";
import type { Asked } from "./requests.ts";

/**
 * Answers with audio or other bytes: streamed at the reader's pace, in pieces where its size is known. When the store fails in the
 * middle the connection is cut, so that nobody takes the beginning for the whole.
 */
export async function sendBytes(
  asked: Asked,
  part: Omit<AudioPart, "kind">,
  headers: Record<string, string>,
): Promise<void> {
  const { size, duration } = part;
  const stream = cutOnAbort(part.stream, asked.signal);
  const range = asked.header("range");
  const wanted = size === undefined || range === undefined ? undefined : parseRange(range, size);
  if (wanted === "none") {
    stream.destroy();
    throw new HttpError(416, `The audio has ${size} bytes`);
  }
  const all = {
    ...headers,
    "content-type": headerType(part.contentType),
    "accept-ranges": size === undefined ? "none" : "bytes",
    ...(duration === undefined ? {} : { "content-duration": String(duration) }),
  };
  if (!wanted) {
    asked.begin(200, { ...all, ...(size === undefined ? {} : { "content-length": String(size) }) });
    return pipeline(stream, asked.outgoing);
  }
  const { first, last } = wanted;
  asked.begin(206, {
    ...all,
    "content-length": String(last - first + 1),
    "content-range": `bytes ${first}-${last}/${size}`,
  });
  return pipeline(piece(stream, first, last), asked.outgoing);
}

/** One range (RFC 9110, 14.1.2); "none" when there are no such bytes, undefined when it is to be passed over. */
function parseRange(text: string, size: number): { first: number; last: number } | "none" | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text.trim()) ?? [];
  if (from === "" && to === "") return undefined;
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return first > last ? "none" : { first, last };
}

async function* piece(stream: Readable, first: number, last: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const cut = chunk.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at));
    at += chunk.length;
    if (cut.length > 0) yield cut;
    if (at > last) return;
  }
}
