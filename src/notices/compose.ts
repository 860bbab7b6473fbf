import { createHash } from "node:crypto";
import { DateTime } from "luxon";
import type { AudioInfo, Envelope } from "../model/message.ts";
import type { Notices } from "../model/notices.ts";
import { audioType, endingOf } from "../storage/mime/audio.ts";
import { oneLine, toExact, withoutWords } from "../storage/mime/text.ts";
import { mailDate } from "./mail-date.ts";
import type { OutgoingMail } from "./smtp.ts";
import { fill } from "./template.ts";
import { type Texts, textsIn } from "./texts.ts";
import { type Facts, type Manner, sayVariable } from "./variables.ts";

/** Audio that lies in a file, to be attached. */
export interface AttachedAudio extends AudioInfo {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A message, and how its owner wants to be told of it. */
export interface Notice {
  readonly facts: Omit<Facts, "fileName">;
  readonly notices: Notices;
  /** The owner's, IANA. */
  readonly timezone: string;
}

/** Room for all that is not audio, bytes. */
const REST_BYTES = 8_192;

/** The mail with the message, or about it. `tooLarge`: its audio would not go, and the mail says so. */
export function composeMail(
  notice: Notice,
  to: readonly string[],
  { audio, tooLarge }: { audio: readonly AttachedAudio[]; tooLarge: boolean },
): OutgoingMail {
  const { facts, notices } = notice;
  const texts = textsIn(notices.locale);
  const files = named(audio, facts.envelope, notice.timezone);
  const voice = files.find(({ kind }) => kind === "voice");
  const write = writer(notice, texts, notices.emailDateFormat, voice?.filename);
  const body =
    (facts.forwarded && notices.emailBodyForwarded) ??
    notices.emailBody ??
    (facts.forwarded ? texts.forwarded : texts.body);
  const text = write(body).trimEnd();
  const bytes = audio.reduce((sum, { size }) => sum + size, 0);
  return {
    ...head(notice, "notice", to, (bytes * 4) / 3 + (bytes / 57) * 2 + REST_BYTES),
    from: { name: inHeader(write(notices.fromString ?? texts.from)), address: notices.serverEmail },
    to: notices.email.map((address) => ({ name: inHeader(facts.name ?? ""), address })),
    subject: inHeader(write(notices.emailSubject ?? `\${VM_FLAG} ${texts.subject}`)) || texts.from,
    text: `${text}\n${tooLarge ? `\n${texts.tooLarge}\n` : ""}`,
    attachments: files.map(({ path, filename, contentType }) => ({
      path,
      filename,
      contentType: audioType(contentType),
      contentTransferEncoding: "base64" as const,
    })),
  };
}

/** A short text, for a telephone or whatever else a gateway makes of it. */
export function composePage(notice: Notice, to: readonly string[]): OutgoingMail {
  const { notices } = notice;
  const texts = textsIn(notices.locale);
  const write = writer(notice, texts, notices.pagerDateFormat ?? notices.emailDateFormat, undefined);
  return {
    ...head(notice, "page", to, REST_BYTES),
    from: {
      name: inHeader(write(notices.pagerFromString ?? notices.fromString ?? texts.from)),
      address: notices.serverEmail,
    },
    to: [...notices.pager],
    subject: inHeader(write(notices.pagerSubject ?? `\${VM_FLAG} ${texts.from}`)) || texts.from,
    text: `${write(notices.pagerBody ?? texts.pager).trimEnd()}\n`,
  };
}

/** A subject, or a name beside an address. The library may send what looks like an encoded word as it is. */
function inHeader(text: string): string {
  return oneLine(withoutWords(text));
}

function writer(
  { facts, notices: { locale }, timezone }: Notice,
  { unknownCaller }: Texts,
  format: string | undefined,
  fileName: string | undefined,
): (template: string) => string {
  const manner: Manner = {
    date: (when) => mailDate(when, { timezone, locale, format }),
    unknownCaller,
  };
  const all = { ...facts, ...(fileName ? { fileName } : {}) };
  return (template) => fill(template, (name) => sayVariable(name, all, manner));
}

/**
 * What both have in common. None of it marks the mail as a voice message: in an account that Voxpost itself reads over IMAP it
 * would be a second one. Nor is the message's id in `Message-ID`, by which the store searches for it there; it is the same at
 * every try, so that a mail server can see that it has the mail already.
 */
function head({ facts, notices }: Notice, kind: "notice" | "page", to: readonly string[], size: number) {
  const { id, mailbox, callId, urgent, private: isPrivate } = facts.envelope;
  const domain = notices.serverEmail.slice(notices.serverEmail.lastIndexOf("@") + 1);
  const unique = createHash("sha256").update(`${kind} ${id}`).digest("hex").slice(0, 32);
  return {
    envelope: { from: notices.serverEmail, to: [...to], size: Math.ceil(size) },
    messageId: `<${unique}@${domain}>`,
    ...(urgent ? { priority: "high" as const } : {}),
    headers: {
      // RFC 3834; the second is Exchange's. Nobody's holiday notice answers to it.
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      ...(isPrivate ? { Sensitivity: "Private" } : {}),
      "X-Voxpost-Mailbox": `${mailbox.mailbox}@${mailbox.context}`,
      "X-Voxpost-Notice": id,
      ...(callId ? { "X-Voxpost-Call-ID": toExact(callId) } : {}),
    },
  };
}

/** By time and number, of which only what is harmless in a file's name. */
function named(audio: readonly AttachedAudio[], { receivedAt, caller }: Envelope, timezone: string) {
  const time = DateTime.fromJSDate(receivedAt, { zone: timezone }).toFormat("yyyy-MM-dd-HHmmss");
  const number = (caller.number ?? "").replace(/\D/g, "").slice(0, 20);
  const stem = ["voicemail", time, ...(number ? [number] : [])].join("-");
  const counts = { voice: 0, comment: 0 };
  return audio.map((file) => {
    const count = ++counts[file.kind];
    const which = [...(file.kind === "comment" ? ["comment"] : []), ...(count > 1 ? [String(count)] : [])];
    return { ...file, filename: `${[stem, ...which].join("-")}.${endingOf(file.contentType)}` };
  });
}
