import { createHash } from "node:crypto";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { Caller, MessageId } from "../../../model/message.ts";

/** What `msgNNNN.txt` says of a message, as much of it as can be read. */
export interface SpoolRecord {
  readonly id: MessageId;
  readonly caller: Caller;
  /** Undefined when the file does not say, or was cut off before. */
  readonly receivedAt?: Date;
  readonly duration: number;
  readonly urgent: boolean;
  readonly priority: boolean;
  readonly category?: string;
  readonly dialplanContext?: string;
  /** Orders messages of one second as they came. */
  readonly sequence: string;
}

/**
 * Reads a file of `key=value` lines. Nothing in it is trusted: what is missing or makes no sense is left out, and a
 * message whose file was cut off is still a message.
 */
export function parseRecord(bytes: Buffer, mailbox: MailboxAddress): SpoolRecord {
  const fields = readFields(decode(bytes));
  const { msg_id: messageId = "", flag = "", category = "", context = "", callerid = "" } = fields;
  const time = Number(fields.origtime);
  return {
    id: makeId(mailbox, fields, bytes),
    caller: parseCaller(callerid),
    ...(time > 0 && time < 253_402_300_800 ? { receivedAt: new Date(Math.floor(time * 1000)) } : {}),
    duration: /^\d{1,7}$/.test(fields.duration ?? "") ? Number(fields.duration) : 0,
    urgent: flag === "Urgent",
    priority: flag === "PRIORITY",
    ...(category === "" ? {} : { category }),
    ...(context === "" ? {} : { dialplanContext: context }),
    sequence: /^\d+-([0-9a-f]{8})$/.exec(messageId)?.[1] ?? "00000000",
  };
}

/** They go with a message wherever app_voicemail moves it. Two Asterisks may give the same `msg_id`, so it is not alone. */
const IDENTITY = ["msg_id", "origtime", "callerid", "callerchan"] as const;

/**
 * The same for the same message wherever app_voicemail moves or renumbers it; in another mailbox it is another message.
 * Before Asterisk 11 there is no `msg_id`, and the file's whole text stands for it.
 */
function makeId(mailbox: MailboxAddress, fields: Record<string, string>, bytes: Buffer): MessageId {
  const { msg_id: messageId = "" } = fields;
  // One of our own, in a spool that was made from Voxpost's messages.
  if (/^[0-9a-f]{32}$/.test(messageId)) return messageId;
  const identity = IDENTITY.map((name) => fields[name] ?? "").join("\n");
  return createHash("sha256")
    .update(`${formatMailbox(mailbox)}\n`)
    .update(messageId ? identity : bytes)
    .digest("hex")
    .slice(0, 32);
}

/** `"Ann Caller" <5551234>`, either of them alone, or `Unknown`. */
function parseCaller(text: string): Caller {
  const [, name = "", number = ""] = /^(.*?)\s*<([^<>]*)>$/.exec(text) ?? [];
  if (name || number) return caller(number, name.replace(/^"(.*)"$/, "$1"));
  if (text === "Unknown") return {};
  return /^[+*#\d][\d*#.() -]*$/.test(text) ? caller(text, "") : caller("", text.replace(/^"(.*)"$/, "$1"));
}

function caller(number: string, name: string): Caller {
  return { ...(number === "" ? {} : { number }), ...(name === "" ? {} : { name }) };
}

function readFields(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/);
  // Without its line's end the last value may be half of it.
  const whole = text.endsWith("\n") ? lines : lines.slice(0, -1);
  const fields = whole.flatMap((line) => {
    const [, key = "", value = ""] = /^\s*(\w+)\s*=>?(.*)$/.exec(line) ?? [];
    return key ? [[key, value.trim()]] : [];
  });
  return Object.fromEntries(fields);
}

/** Whatever phones send; older ones knew no UTF-8. */
function decode(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return (text.includes("\ufffd") ? bytes.toString("latin1") : text).replaceAll("\0", "");
}
