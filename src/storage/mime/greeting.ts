import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type { GreetingKind } from "../../model/greeting.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { AudioSource } from "../../model/message.ts";
import { endingOf } from "./audio.ts";
import { buildMail, formatFields } from "./encode.ts";
import { VERSION } from "./headers.ts";
import { localPart, rfcDate, type Site } from "./values.ts";

/** app_voicemail's names; it finds a greeting by the name of the attached file. */
export const GREETING_NAMES: Readonly<Record<GreetingKind, string>> = {
  unavailable: "unavail",
  busy: "busy",
  temporary: "temp",
  name: "greet",
};

export interface NewGreeting {
  readonly mailbox: MailboxAddress;
  readonly kind: GreetingKind;
  readonly audio: AudioSource;
  readonly when: Date;
}

/**
 * One greeting as one mail, as app_voicemail has it. It has no Message-Context: it is no message in anybody's INBOX. Must be
 * read or destroyed.
 */
export function encodeGreeting(
  greeting: NewGreeting,
  { domain }: Site,
  signal?: AbortSignal,
): Promise<Readable> {
  const { mailbox, kind, audio, when } = greeting;
  const name = GREETING_NAMES[kind];
  return buildMail(
    formatFields([
      ["Date", rfcDate(when)],
      ["From", `"Voxpost" <non-mail-user@${domain}>`],
      ["To", `<${localPart(mailbox.mailbox)}@${domain}>`],
      ["Subject", `Voicemail greeting '${name}'`],
      ["Message-ID", `<${randomBytes(16).toString("hex")}@${domain}>`],
      ["X-Asterisk-VM-Context", mailbox.context],
      ["X-Asterisk-VM-Extension", mailbox.mailbox],
      ["X-Asterisk-VM-Message-Type", name],
      ["X-Asterisk-VM-Orig-time", String(Math.floor(when.getTime() / 1000))],
      ["X-Voxpost-Version", VERSION],
    ]),
    `This mail is the voicemail greeting '${name}' of mailbox ${mailbox.mailbox}.\r\nDeleting it deletes the greeting.\r\n`,
    [{ source: audio, fileName: `${name}.${endingOf(audio.contentType)}` }],
    signal,
  );
}
