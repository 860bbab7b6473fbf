import { pipeline, Readable, Transform } from "node:stream";
import type { MessageStructureObject } from "imapflow";
import { VoxpostError } from "../../../errors.ts";
import type { AudioInfo, AudioPart } from "../../../model/message.ts";
import { audioType, inHearingOrder, partKind } from "../../mime/audio.ts";
import { decodeQuotedPrintable } from "../../mime/text.ts";
import type { Connection } from "./connection.ts";

/** Audio is fetched in pieces of this size, so that a long message is neither held in memory nor holds a connection. */
const CHUNK_BYTES = 256 * 1024;

/** Bytes of a part as it is stored, still encoded. */
export interface Piece {
  readonly part: string;
  readonly start: number;
  readonly length: number;
}

export interface FoundPart {
  readonly info: AudioInfo;
  readonly part: string;
  readonly encoding: string;
}

/** The audio parts of a message in hearing order, without their bodies; undefined when there is no such message. One question. */
export async function findParts(connection: Connection, uid: number): Promise<FoundPart[] | undefined> {
  // Part 2 is the voice, and 3 the comment, in what we and app_voicemail write; others just have no duration of their own.
  const query = { flags: true, bodyStructure: true, bodyParts: ["2.MIME", "3.MIME"] };
  const [mail] = await connection.fetch("the message cannot be opened", String(uid), query);
  if (!mail?.bodyStructure || mail.flags?.has("\\Deleted")) return undefined;
  const found = leaves(mail.bodyStructure).flatMap((node): (FoundPart & { kind: AudioInfo["kind"] })[] => {
    const {
      type: contentType = "",
      disposition,
      dispositionParameters,
      parameters,
      encoding = "7bit",
    } = node;
    const fileName = dispositionParameters?.filename ?? parameters?.name;
    const kind = partKind({ contentType, fileName, voice: disposition && dispositionParameters?.voice });
    if (!kind) return [];
    const part = node.part ?? "1";
    const duration = durationOf(mail.bodyParts?.get(`${part}.mime`));
    const info = {
      kind,
      contentType: audioType(contentType),
      ...(duration === undefined ? {} : { duration }),
    };
    return [{ kind, info, part, encoding: encoding.toLowerCase() }];
  });
  return inHearingOrder(found);
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
  const { part: key, start, length: maxLength } = piece;
  const folder = await connection.select(path, { fresh: false });
  const [mail] = folder
    ? await connection.fetch("the audio cannot be fetched", String(uid), {
        bodyParts: [{ key, start, maxLength }],
      })
    : [];
  const bytes = mail?.bodyParts?.get(key);
  if (Buffer.isBuffer(bytes)) return bytes;
  throw new VoxpostError("MESSAGE_UNKNOWN", `the message was removed from "${path}" while it was read`);
}

/** Nothing is fetched before the stream is read. An error that nobody listens for must not bring the program down. */
export function openPart(
  { info, part, encoding }: FoundPart,
  fetch: (piece: Piece) => Promise<Buffer>,
): AudioPart {
  const raw = Readable.from(pieces(part, fetch), { objectMode: false, highWaterMark: 1 });
  const decoder = decoderOf(encoding);
  const stream = decoder ? pipeline(raw, decoder, () => {}) : raw;
  stream.on("error", () => {});
  return { ...info, stream };
}

async function* pieces(part: string, fetch: (piece: Piece) => Promise<Buffer>): AsyncGenerator<Buffer> {
  for (let start = 0; ; start += CHUNK_BYTES) {
    const piece = await fetch({ part, start, length: CHUNK_BYTES });
    if (piece.length > 0) yield piece;
    if (piece.length < CHUNK_BYTES) return;
  }
}

function decoderOf(encoding: string): Transform | undefined {
  if (encoding === "base64") return decoder(/[^A-Za-z0-9+/]/g, (text) => text.length % 4, "base64");
  if (encoding === "quoted-printable") return quotedPrintable();
  return undefined;
}

/** Decodes what is complete and carries the rest over to the next piece. */
function decoder(noise: RegExp, incomplete: (text: string) => number, encoding: BufferEncoding): Transform {
  let rest = "";
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const text = rest + chunk.toString("latin1").replace(noise, "");
      const end = text.length - incomplete(text);
      rest = text.slice(end);
      done(null, Buffer.from(text.slice(0, end), encoding));
    },
    flush(done) {
      done(null, Buffer.from(rest, encoding));
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
