import { pipeline, Readable, Transform } from "node:stream";
import type { MessageStructureObject } from "imapflow";
import { isCode, VoxpostError } from "../../../errors.ts";
import type { AudioInfo, AudioPart, PartKind } from "../../../model/message.ts";
import { audioType, inHearingOrder, partKind } from "../../mime/audio.ts";
import { decodeQuotedPrintable } from "../../mime/text.ts";
import type { Connection } from "./connection.ts";

/** Audio is fetched in pieces of this size, so that a long message is neither held in memory nor holds a connection. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Parts up to this size, encoded, are decoded by the server where it can (RFC 3516), which saves a quarter of the bytes. For each
 * piece of a longer one it would decode everything before it again.
 */
const BINARY_UP_TO = 4 * 1024 * 1024;

export interface Piece {
  readonly part: string;
  /** Of the decoded bytes; else of those that are stored. */
  readonly decoded: boolean;
  readonly start: number;
  readonly length: number;
}

export interface FoundPart {
  readonly info: AudioInfo;
  readonly part: string;
  readonly encoding: string;
  readonly decodedByServer: boolean;
}

/** The audio parts of a message in hearing order, without their bodies; undefined when there is no such message. One question. */
export async function findParts(connection: Connection, uid: number): Promise<FoundPart[] | undefined> {
  // Part 2 is the voice, and 3 the comment, in what we and app_voicemail write; others just have no duration of their own.
  const query = { flags: true, bodyStructure: true, bodyParts: ["2.MIME", "3.MIME"] };
  const [mail] = await connection.fetch("the message cannot be opened", String(uid), query);
  if (!mail?.bodyStructure || mail.flags?.has("\\Deleted")) return undefined;
  const hasBinary = connection.client.capabilities.has("BINARY");
  const found = leaves(mail.bodyStructure).flatMap((node): (FoundPart & { kind: AudioInfo["kind"] })[] => {
    const { type: contentType = "", encoding = "7bit", size = Number.POSITIVE_INFINITY } = node;
    const kind = kindOf(node);
    if (!kind) return [];
    const part = node.part ?? "1";
    const duration = durationOf(mail.bodyParts?.get(`${part}.mime`));
    const info = {
      kind,
      contentType: audioType(contentType),
      ...(duration === undefined ? {} : { duration }),
    };
    const decodedByServer = hasBinary && size <= BINARY_UP_TO;
    return [{ kind, info, part, encoding: encoding.toLowerCase(), decodedByServer }];
  });
  return inHearingOrder(found);
}

/** Whether a part is to be heard, and as what. */
export function kindOf(node: MessageStructureObject): PartKind | undefined {
  const { type: contentType = "", disposition, dispositionParameters, parameters } = node;
  const fileName = dispositionParameters?.filename ?? parameters?.name;
  return partKind({ contentType, fileName, voice: disposition && dispositionParameters?.voice });
}

/** The parts of a mail that hold something. */
export function leaves(node: MessageStructureObject): MessageStructureObject[] {
  return node.childNodes?.length ? node.childNodes.flatMap(leaves) : [node];
}

function durationOf(header: Buffer | undefined): number | undefined {
  const match = /^Content-Duration:\s*(\d{1,10})/im.exec(header?.toString("latin1") ?? "");
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** @throws VoxpostError MESSAGE_UNKNOWN when it was removed meanwhile; shorter than asked for at the end of the part */
export async function fetchPiece(
  connection: Connection,
  path: string,
  uid: number,
  piece: Piece,
): Promise<Buffer> {
  const { part: key, start, length: maxLength, decoded: binary } = piece;
  const folder = await connection.select(path, { fresh: false });
  const [mail] = folder
    ? await connection.fetch(
        "the audio cannot be fetched",
        String(uid),
        { bodyParts: [{ key, start, maxLength }] },
        { binary },
      )
    : [];
  const bytes = mail?.bodyParts?.get(key);
  if (Buffer.isBuffer(bytes)) return bytes;
  throw new VoxpostError("MESSAGE_UNKNOWN", `the message was removed from "${path}" while it was read`);
}

export type FetchPiece = (piece: Piece) => Promise<Buffer>;

/** Nothing is fetched before the stream is read. An error that nobody listens for must not bring the program down. */
export function openPart(found: FoundPart, fetch: FetchPiece): AudioPart {
  const stream = Readable.from(audioOf(found, fetch), { objectMode: false, highWaterMark: 1 });
  stream.on("error", () => {});
  return { ...found.info, stream };
}

async function* audioOf({ part, encoding, decodedByServer }: FoundPart, fetch: FetchPiece) {
  const first = decodedByServer ? await fetchDecoded(part, fetch) : undefined;
  if (first) {
    yield first;
    if (first.length === CHUNK_BYTES) yield* pieces({ part, decoded: true, start: CHUNK_BYTES }, fetch);
    return;
  }
  const raw = pieces({ part, decoded: false, start: 0 }, fetch);
  const decoder = decoderOf(encoding);
  if (decoder)
    yield* pipeline(Readable.from(raw, { objectMode: false, highWaterMark: 1 }), decoder, () => {});
  else yield* raw;
}

/** Undefined when the server cannot decode this part: broken encodings are left to us, who are patient with them. */
async function fetchDecoded(part: string, fetch: FetchPiece): Promise<Buffer | undefined> {
  try {
    return await fetch({ part, decoded: true, start: 0, length: CHUNK_BYTES });
  } catch (error) {
    if (isCode(error, "STORE_REFUSED")) return undefined;
    throw error;
  }
}

export async function* pieces(
  { start, ...piece }: Omit<Piece, "length">,
  fetch: FetchPiece,
): AsyncGenerator<Buffer> {
  for (let at = start; ; at += CHUNK_BYTES) {
    const bytes = await fetch({ ...piece, start: at, length: CHUNK_BYTES });
    if (bytes.length > 0) yield bytes;
    if (bytes.length < CHUNK_BYTES) return;
  }
}

function decoderOf(encoding: string): Transform | undefined {
  if (encoding === "base64") return base64();
  if (encoding === "quoted-printable") return quotedPrintable();
  return undefined;
}

/** Lines may have any length. Padding ends a run, not the audio: some programs encode it piece by piece. */
function base64(): Transform {
  let rest = "";
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const runs = (rest + chunk.toString("latin1").replace(/[^A-Za-z0-9+/=]/g, "")).split(/=+/);
      const last = runs.pop() ?? "";
      const end = last.length - (last.length % 4);
      rest = last.slice(end);
      done(null, Buffer.concat([...runs, last.slice(0, end)].map((run) => Buffer.from(run, "base64"))));
    },
    flush(done) {
      done(null, Buffer.from(rest, "base64"));
    },
  });
}

/** Nobody should send audio so, but it is allowed (RFC 2045 6.7). */
function quotedPrintable(): Transform {
  let rest = "";
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = rest + chunk.toString("latin1");
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      done(null, decodeQuotedPrintable(text.slice(0, end)));
    },
    flush(done) {
      done(null, decodeQuotedPrintable(rest));
    },
  });
}
