import { Readable } from "node:stream";
import { foldLines } from "nodemailer/lib/mime-funcs";
import MimeNode from "nodemailer/lib/mime-node";
import { VoxpostError } from "../../errors.ts";
import type { AudioSource, NewMessage } from "../../model/message.ts";
import { cutOnAbort } from "../streams.ts";
import { audioType, endingOf, inMailOrder } from "./audio.ts";
import { extraFields, splitExtras } from "./extras.ts";
import { joinFields, parseFields } from "./head.ts";
import { HEADERS } from "./headers.ts";
import { notice } from "./notice.ts";
import type { Site } from "./values.ts";

/** A mail on its way to a server, and the owner's own flags for it. */
export interface EncodedMessage {
  /** Must be read or destroyed. Ends with the source's own error when its audio cannot be read. */
  readonly mail: Readable;
  readonly keywords: readonly string[];
}

/**
 * A voice message as mail (RFC 4239), with CRLF, as APPEND needs it. The parts stand where app_voicemail looks for them: 1 a
 * notice to read, 2 the voice, 3 the comment; its extras, if it has parts among them, are the last. Nothing of the audio is
 * held in memory.
 * @throws VoxpostError INTERNAL for an id that is no token; the source's own error when its audio cannot be opened
 */
export async function encodeMessage(
  message: NewMessage,
  site: Site,
  signal?: AbortSignal,
): Promise<EncodedMessage> {
  if (!/^[\w.-]{1,64}$/.test(message.id)) {
    throw new VoxpostError("INTERNAL", "a message's id may have letters, digits, _ . and - only");
  }
  const voices = { voice: 0, comment: 0 };
  const parts = inMailOrder(message.audio).map((source) => {
    const count = String(voices[source.kind]++).padStart(4, "0");
    const stem = source.kind === "comment" ? "msgintro" : "msg";
    return { source, fileName: `${stem}${count}.${endingOf(source.contentType)}` };
  });
  const ours = messageHead(message, site);
  const stream = await message.extras?.open(signal);
  if (!stream) return { mail: await buildMail(ours, notice(message), parts, signal), keywords: [] };
  const { keywords, fields, contentType, body } = await splitExtras(cutOnAbort(stream, signal));
  try {
    const extra = extraFields(joinFields(fields), message.id, ours);
    const replaced = new Set(extra.map(({ name }) => name));
    const own = parseFields(ours).filter(({ name }) => !replaced.has(name));
    const last = contentType === undefined ? undefined : asPart(contentType, body);
    const mail = await buildMail(joinFields([...extra, ...own]), notice(message), parts, signal, last);
    mail.once("close", () => body.destroy());
    return { mail, keywords };
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** All that is said of a message in the header of its mail. */
export function messageHead(message: NewMessage, site: Site): string {
  return formatFields(HEADERS.map(({ name, write }) => [name, write?.(message, site)]));
}

export interface MailPart {
  readonly source: AudioSource;
  readonly fileName: string;
}

/** The library's own; it would change the names of all others, and encode quotes and long words in them. */
const COMMON = new Set(["Date", "From", "To", "Subject", "Message-ID"]);

/** app_voicemail reads one line of ASCII as it stands: its headers are neither folded nor encoded. */
function headerLine(name: string, value: string): string {
  const isAscii = /^[\x20-\x7e]*$/.test(value);
  const line = `${name}: ${isAscii ? value : MimeNode.encodeHeaderValue(name, value)}`;
  return name.startsWith("X-Asterisk-") ? line : foldLines(line, 76);
}

type HeaderValue = readonly [name: string, value: string | undefined];

/** A header block without an end. Values may hold any one line of text; they are encoded here. */
export function formatFields(headers: readonly HeaderValue[]): string {
  const common = new MimeNode();
  const lines: string[] = [];
  for (const [name, value] of headers) {
    if (!value) continue;
    if (COMMON.has(name)) common.addHeader(name, value);
    else lines.push(`${headerLine(name, value)}\r\n`);
  }
  // The library adds what a mail must have; only what was given is ours.
  const given = new Set(headers.flatMap(([name, value]) => (value ? [name.toLowerCase()] : [])));
  const built = parseFields(common.buildHeaders()).filter(({ name }) => given.has(name));
  return lines.join("") + joinFields(built);
}

/** multipart/mixed of a text and audio parts, and one more that is a whole part already, below a block of fields. */
export async function buildMail(
  fields: string,
  text: string,
  parts: readonly MailPart[],
  signal?: AbortSignal,
  last?: Readable,
): Promise<Readable> {
  const root = new MimeNode("multipart/mixed", { newline: "win" });
  const note = root.createChild("text/plain; charset=utf-8");
  note.setHeader("Content-Disposition", "inline; handling=optional");
  note.setContent(text);

  const streams: Readable[] = [];
  const end = () => {
    for (const stream of streams) stream.destroy();
  };
  try {
    for (const { source, fileName } of parts) {
      const stream = cutOnAbort(await source.open(signal), signal);
      streams.push(stream);
      root.appendChild(audioNode(source, fileName, stream));
    }
  } catch (error) {
    end();
    throw error;
  }
  if (last) root.appendChild(new MimeNode().setRaw(last));
  const built = root.createReadStream();
  // Whoever reads the mail gets it; before that it must not bring the program down.
  built.on("error", () => {});
  streams.push(built);
  const mail = Readable.from(withFields(fields, built), { objectMode: false });
  return mail.once("close", end);
}

/** Puts a block of fields in the place of the library's own, of which only the structure is kept. */
async function* withFields(fields: string, built: Readable): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of built) {
    if (!head) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n") + 2;
    if (end < 2) continue;
    const structure = parseFields(head.subarray(0, end)).filter(({ name }) => /^mime-|^content-/.test(name));
    yield Buffer.concat([Buffer.from(fields + joinFields(structure), "latin1"), head.subarray(end)]);
    head = undefined;
  }
}

function asPart(contentType: string, body: Readable): Readable {
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${contentType}\r\n`, "latin1");
    yield* body;
  }
  return Readable.from(bytes(), { objectMode: false });
}

/** Values in order as they are: app_voicemail takes the file name from the first parameter of Content-Type. */
function audioNode(source: AudioSource, fileName: string, stream: Readable): MimeNode {
  const node = new MimeNode();
  const prepared = (value: string) => ({ prepared: true, foldLines: true, value });
  node.setHeader("Content-Type", prepared(`${audioType(source.contentType)}; name="${fileName}"`));
  node.setHeader("Content-Transfer-Encoding", "base64");
  node.setHeader(
    "Content-Disposition",
    prepared(`inline; voice=Voice-Message; handling=required; filename="${fileName}"`),
  );
  if (source.duration !== undefined) node.setHeader("Content-Duration", String(Math.floor(source.duration)));
  node.setContent(stream);
  return node;
}
