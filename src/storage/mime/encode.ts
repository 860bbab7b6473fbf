import type { Readable } from "node:stream";
import { foldLines } from "nodemailer/lib/mime-funcs";
import MimeNode from "nodemailer/lib/mime-node";
import { VoxpostError } from "../../errors.ts";
import type { AudioSource, NewMessage } from "../../model/message.ts";
import { cutOnAbort } from "../streams.ts";
import { audioType, endingOf, inMailOrder } from "./audio.ts";
import { HEADERS } from "./headers.ts";
import { notice } from "./notice.ts";
import type { Site } from "./values.ts";

/**
 * A voice message as mail (RFC 4239), with CRLF and its size known, as APPEND needs it. The parts stand where app_voicemail
 * looks for them: 1 a notice to read, 2 the voice, 3 the comment. Audio streams through the encoder, but the mail is
 * held in memory once: 1.4 times the audio, about 1.3 MB for a minute of 16 bit PCM.
 *
 * Rejects with the source's own error when its audio cannot be read, and with INTERNAL for an id that is no token.
 */
export async function encodeMessage(message: NewMessage, site: Site, signal?: AbortSignal): Promise<Buffer> {
  if (!/^[\w.-]{1,64}$/.test(message.id)) {
    throw new VoxpostError("INTERNAL", "a message's id may have letters, digits, _ . and - only");
  }
  const headers = HEADERS.map(({ name, write }) => [name, write?.(message, site)] as const);
  const voices = { voice: 0, comment: 0 };
  const parts = inMailOrder(message.audio).map((source) => {
    const count = String(voices[source.kind]++).padStart(4, "0");
    const stem = source.kind === "comment" ? "msgintro" : "msg";
    return { source, fileName: `${stem}${count}.${endingOf(source.contentType)}` };
  });
  return buildMail(headers, notice(message), parts, signal);
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

/** multipart/mixed of a text and audio parts. Header values may hold any one line of text; they are encoded here. */
export async function buildMail(
  headers: readonly HeaderValue[],
  text: string,
  parts: readonly MailPart[],
  signal?: AbortSignal,
): Promise<Buffer> {
  const root = new MimeNode("multipart/mixed", { newline: "win" });
  const lines: string[] = [];
  for (const [name, value] of headers) {
    if (!value) continue;
    if (COMMON.has(name)) root.addHeader(name, value);
    else lines.push(`${headerLine(name, value)}\r\n`);
  }
  const note = root.createChild("text/plain; charset=utf-8");
  note.setHeader("Content-Disposition", "inline; handling=optional");
  note.setContent(text);

  const streams: Readable[] = [];
  try {
    for (const { source, fileName } of parts) {
      const stream = cutOnAbort(await source.open(signal), signal);
      streams.push(stream);
      root.appendChild(audioNode(source, fileName, stream));
    }
    return Buffer.concat([Buffer.from(lines.join("")), await root.build()]);
  } finally {
    for (const stream of streams) stream.destroy();
  }
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
