import type { NewMessage } from "../../model/message.ts";
import { oneLine } from "./text.ts";
import { clock, rfcDate } from "./values.ts";

/**
 * The first part of a mail: what it is, for people, and the message's own text below. Reads better in a mail client than an
 * attachment alone, and app_voicemail counts on a first part that is text.
 */
export function notice(message: NewMessage): string {
  const { name, number } = message.caller;
  const who = [
    name && oneLine(name, 100),
    number && (name ? `(${oneLine(number, 60)})` : oneLine(number, 60)),
  ];
  const caller = who.filter(Boolean).join(" ") || "an unknown caller";
  const lines = [
    `Voice message for mailbox ${message.mailbox.mailbox}, ${clock(message.duration)} long,`,
    `from ${caller},`,
    `left on ${rfcDate(message.receivedAt)}.`,
  ];
  return `${lines.join("\r\n")}\r\n${message.text ? `\r\n${message.text}\r\n` : ""}`;
}

const NOTICE = /^Voice message for mailbox \S+, \d+:\d\d long,\nfrom .*,\nleft on .*\.\n\n?/;

/** The message's own text, out of a first part that `notice` or another system has written; undefined when there is none. */
export function textBelowNotice(part: string): string | undefined {
  const text = part.replace(/\r\n/g, "\n").replace(NOTICE, "");
  return text.replace(/\n$/, "") || undefined;
}
