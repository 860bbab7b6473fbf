import { Readable } from "node:stream";
import { VoxpostError } from "../../errors.ts";
import type { MessageId } from "../../model/message.ts";
import { fieldValue, type HeaderField, joinFields, parseFields, unfolded } from "./head.ts";
import { HEADERS } from "./headers.ts";
import { mayBeForeign } from "./id.ts";

/**
 * What a mail has beyond our model, as every engine keeps it: bytes that are a mail themselves (RFC 5322, RFC 2046), so that
 * a person can open them, and a mail engine can put them back without looking into them.
 *
 *     X-Voxpost-Keywords: $Important \Answered      the owner's own flags, first as they alone may change
 *     Received: from …                              header fields that mean nothing to us, in their order
 *     From: "Anna" <anna@example.org>               and those that we would write otherwise
 *     Content-Type: multipart/mixed; boundary="voxpost-5f3a…"
 *
 *     --voxpost-5f3a…                               parts that are neither the text nor the audio, untouched
 *
 * Without such parts there is no Content-Type, and nothing behind the empty line.
 */
export interface ExtrasHead {
  readonly keywords: readonly string[];
  readonly fields: readonly HeaderField[];
  /** The field, when parts follow. */
  readonly contentType?: string;
}

const KEYWORDS = "X-Voxpost-Keywords";

/** Header fields beyond this are not carried along, so that no mail fills the memory. Bytes. */
export const LONGEST_HEAD = 262_144;
/** Keywords and Content-Type come on top. */
const LONGEST_READ = LONGEST_HEAD + 16_384;

/** Of the mail's own structure, which is made anew. */
const STRUCTURE = new Set([
  "mime-version",
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
]);

const TABLE = new Map(HEADERS.map((header) => [header.name.toLowerCase(), header]));

/** The fields of a mail that would be lost if it were written anew; `ours` is the block that would be written. */
export function extraFields(block: Buffer | string, id: MessageId, ours = ""): HeaderField[] {
  const known = new Set(parseFields(ours).map(unfolded));
  let length = 0;
  return parseFields(block).filter((field) => {
    if (!isExtra(field.name, id) || known.has(unfolded(field))) return false;
    length += field.raw.length;
    return length <= LONGEST_HEAD;
  });
}

/** What we write tells what a message is, and is never overruled by what came along with it. */
function isExtra(name: string, id: MessageId): boolean {
  if (STRUCTURE.has(name) || name.startsWith("x-voxpost-")) return false;
  // A message of ours is searched for by it.
  if (name === "message-id") return mayBeForeign(id);
  const row = TABLE.get(name);
  return !row?.write || row.original === true;
}

export function isEmpty({ keywords, fields, contentType }: ExtrasHead): boolean {
  return keywords.length === 0 && fields.length === 0 && contentType === undefined;
}

export function formatHead({ keywords, fields, contentType = "" }: ExtrasHead): Buffer {
  const own = keywords.length > 0 ? `${KEYWORDS}: ${keywords.join(" ")}\r\n` : "";
  return Buffer.from(`${own}${joinFields(fields)}${contentType}\r\n`, "latin1");
}

export interface OpenedExtras extends ExtrasHead {
  /** What follows the head; empty without parts. Must be read or destroyed. */
  readonly body: Readable;
}

/** @throws VoxpostError MESSAGE_MALFORMED when its head does not end; the stream is destroyed then */
export async function splitExtras(stream: Readable): Promise<OpenedExtras> {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  let end: number | undefined;
  while (end === undefined) {
    const { value, done } = await chunks.next();
    if (done) end = bytes.length;
    else {
      bytes = Buffer.concat([bytes, value]);
      end = endOfHead(bytes);
    }
    if ((end ?? bytes.length) <= LONGEST_READ) continue;
    stream.destroy();
    throw new VoxpostError(
      "MESSAGE_MALFORMED",
      `The headers kept with a message are over ${LONGEST_READ} bytes`,
    );
  }
  const rest = bytes.subarray(end);
  const body = Readable.from(following(rest, chunks), { objectMode: false });
  body.on("error", () => {});
  body.once("close", () => stream.destroy());
  return { ...parseHead(bytes.subarray(0, end)), body };
}

async function* following(rest: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (rest.length > 0) yield rest;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

/** Behind the empty line; undefined when it has not come yet. */
function endOfHead(bytes: Buffer): number | undefined {
  const found = /^\r?\n|\r?\n\r?\n/.exec(bytes.toString("latin1"));
  return found ? found.index + found[0].length : undefined;
}

function parseHead(block: Buffer): ExtrasHead {
  const fields = parseFields(block);
  const rawOf = (wanted: string) => fields.find(({ name }) => name === wanted)?.raw;
  const contentType = rawOf("content-type");
  return {
    keywords: readKeywords(fieldValue(rawOf(KEYWORDS.toLowerCase()) ?? ":").split(" ")),
    fields: fields.filter(({ name }) => name !== "content-type" && name !== KEYWORDS.toLowerCase()),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

/** Flags with a meaning of their own here, or on the server. */
const NOT_KEYWORDS = /^\\(seen|flagged|deleted|recent)$/i;
/** RFC 3501's flag: an atom, or one of the server's own behind a backslash. */
const FLAG = /^\\?[!#$&'+-[^-z|-~]{1,100}$/;
const MOST_KEYWORDS = 100;

/** Those of a mail's flags that are the owner's own, in one order. */
export function readKeywords(flags: Iterable<string>): string[] {
  return [...flags]
    .filter((flag) => FLAG.test(flag) && !NOT_KEYWORDS.test(flag))
    .sort()
    .slice(0, MOST_KEYWORDS);
}
