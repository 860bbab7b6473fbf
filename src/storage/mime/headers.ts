import type { NewMessage } from "../../model/message.ts";
import { mayBeForeign } from "./id.ts";
import { decodeWords, toExact } from "./text.ts";
import type { Facts, Site } from "./values.ts";
import * as values from "./values.ts";

/** One header: what it holds, how it is written and how it is read. */
export interface Header {
  readonly name: string;
  /** Field of the model, for people. */
  readonly field: string;
  /** ASCII, or text that is then encoded by RFC 2047. Undefined or empty: the header is left out. */
  readonly write?: (message: NewMessage, site: Site) => string | undefined;
  /** What it tells; undefined when it cannot be understood. */
  readonly read?: (value: string) => Facts | undefined;
  /** Read only in mail of other systems: ours and app_voicemail's say it more exactly. */
  readonly others?: true;
  /** In mail that came from another system its own stays when the mail is written anew: it is what people see. */
  readonly original?: true;
}

export const VERSION = "1";

/**
 * The header table: everything that a mail says of a voice message outside of its body.
 *
 * Sources: RFC 3458, 3801, 3803, 3939, 4239; app_voicemail's `X-Asterisk-VM-*`, so that it reads what we write and we read
 * what it wrote; other systems' headers are read only. `X-Voxpost-*` hold what no other header can hold exactly.
 */
export const HEADERS: readonly Header[] = [
  // --- Mail ---------------------------------------------------------------------------------------------------------
  {
    name: "Date",
    field: "receivedAt",
    write: (m) => values.rfcDate(m.receivedAt),
    read: (v) => values.date(v),
    original: true,
  },
  { name: "From", field: "caller", write: values.from, read: values.readFrom, others: true, original: true },
  {
    name: "To",
    field: "mailbox",
    write: (m, site) => `<${values.localPart(m.mailbox.mailbox)}@${site.domain}>`,
    original: true,
  },
  {
    name: "Subject",
    field: "duration",
    write: (m) => `Voice Message (${values.clock(m.duration)})`,
    original: true,
  },
  { name: "Message-ID", field: "id", write: (m, site) => `<${m.id}@${site.domain}>`, original: true },

  // --- Other systems' (Exchange, FreeSWITCH, carriers) ----------------------------------------------------------------
  { name: "X-CallingTelephoneNumber", field: "caller.number", read: values.number },
  { name: "X-VoiceMessageSenderName", field: "caller.name", read: values.name },
  { name: "X-VoiceMessageDuration", field: "duration", read: values.seconds },
  { name: "X-CNS-Originator-Phone-Number", field: "caller.number", read: values.number },
  { name: "X-Voicemail-Length", field: "duration", read: values.seconds },

  // --- app_voicemail's ------------------------------------------------------------------------------------------------
  { name: "X-Asterisk-VM-Context", field: "mailbox.context", write: (m) => m.mailbox.context },
  { name: "X-Asterisk-VM-Extension", field: "mailbox.mailbox", write: (m) => m.mailbox.mailbox },
  {
    name: "X-Asterisk-VM-Flag",
    field: "urgent, priority",
    write: (m) => (m.urgent ? "Urgent" : m.priority ? "PRIORITY" : undefined),
    read: (v) => ({ priority: v === "PRIORITY" }),
  },
  {
    name: "X-Asterisk-VM-Caller-ID-Num",
    field: "caller.number",
    write: (m) => values.forAsterisk(m.caller.number),
    // SIP's "anonymous" is stored as if it were a number.
    read: (v) => ({ number: /^(anonymous|unknown)?$/i.test(v) ? undefined : v }),
  },
  {
    name: "X-Asterisk-VM-Caller-ID-Name",
    field: "caller.name",
    write: (m) => values.forAsterisk(m.caller.name),
    read: (v) => ({ name: v || undefined }),
  },
  {
    name: "X-Asterisk-VM-Duration",
    field: "duration",
    write: (m) => values.whole(m.duration),
    read: values.seconds,
  },
  {
    name: "X-Asterisk-VM-Category",
    field: "category",
    write: (m) => values.forAsterisk(m.category),
    read: (v) => (v ? { category: v } : undefined),
  },
  { name: "X-Asterisk-VM-Message-Type", field: "(always Message)", write: () => "Message" },
  {
    name: "X-Asterisk-VM-Orig-date",
    field: "receivedAt",
    write: (m) => values.rfcDate(m.receivedAt),
    original: true,
  },
  {
    name: "X-Asterisk-VM-Orig-time",
    field: "receivedAt",
    write: (m) => values.whole(m.receivedAt.getTime() / 1000),
    read: (v) => (/^\d{1,11}$/.test(v) ? { receivedAt: new Date(Number(v) * 1000) } : undefined),
  },
  {
    name: "X-Asterisk-VM-Message-ID",
    field: "id",
    write: (m) => `${values.whole(m.receivedAt.getTime() / 1000)}-${m.id.slice(0, 8)}`,
    original: true,
  },

  // --- The standards' -------------------------------------------------------------------------------------------------
  { name: "Message-Context", field: "(always voice-message)", write: () => "voice-message" },
  {
    name: "Content-Duration",
    field: "duration",
    write: (m) => values.whole(m.duration),
    read: values.seconds,
  },
  {
    name: "Caller-ID",
    field: "caller.number",
    write: (m) => values.callerId(m.caller.number),
    read: values.readCallerId,
  },
  {
    name: "Caller-Name",
    field: "caller.name",
    write: (m) => values.callerName(m.caller.name),
    read: values.name,
  },
  { name: "Importance", field: "urgent", write: (m) => (m.urgent ? "high" : undefined) },
  {
    name: "Sensitivity",
    field: "private",
    write: (m) => (m.private ? "Private" : undefined),
    read: (v) => ({ private: /^private$/i.test(v) }),
  },

  // --- Ours -----------------------------------------------------------------------------------------------------------
  { name: "X-Voxpost-Version", field: "(version of this table)", write: () => VERSION },
  {
    name: "X-Voxpost-ID",
    field: "id, where Message-ID may be another system's",
    write: (m) => (mayBeForeign(m.id) ? m.id : undefined),
  },
  {
    name: "X-Voxpost-Received",
    field: "receivedAt, to the millisecond",
    write: (m) => m.receivedAt.toISOString(),
    read: (v) => values.date(v),
  },
  {
    name: "X-Voxpost-Caller-Number",
    field: "caller.number, when Caller-ID cannot hold it",
    write: ({ caller }) =>
      values.exactly(caller.number, values.readCallerId(values.callerId(caller.number) ?? "")?.number),
    read: (v) => values.exact(v, (number) => ({ number })),
  },
  {
    name: "X-Voxpost-Caller-Name",
    field: "caller.name, when Caller-Name cannot hold it",
    write: ({ caller }) => values.exactly(caller.name, decodeWords(values.callerName(caller.name))),
    read: (v) => values.exact(v, (name) => ({ name })),
  },
  {
    name: "X-Voxpost-Category",
    field: "category, when it is not plain ASCII",
    write: ({ category }) => values.exactly(category, values.forAsterisk(category)),
    read: (v) => values.exact(v, (category) => ({ category })),
  },
  {
    name: "X-Voxpost-Priority",
    field: "priority, of an urgent message",
    write: (m) => (m.priority && m.urgent ? "yes" : undefined),
    read: (v) => ({ priority: v === "yes" }),
  },
  {
    name: "X-Voxpost-Dialplan-Context",
    field: "dialplanContext",
    write: (m) => (m.dialplanContext ? toExact(m.dialplanContext) : undefined),
    read: (v) => values.exact(v, (dialplanContext) => ({ dialplanContext })),
  },
  {
    name: "X-Voxpost-Call-ID",
    field: "callId",
    write: (m) => (m.callId ? toExact(m.callId) : undefined),
    read: (v) => values.exact(v, (callId) => ({ callId })),
  },
];

/** All that is fetched for a listing. */
export const READ_HEADERS: readonly string[] = [
  "Message-ID",
  "X-Voxpost-Version",
  "X-Voxpost-ID",
  "X-Asterisk-VM-Extension",
  "X-Asterisk-VM-Context",
  ...HEADERS.filter((header) => header.read).map((header) => header.name),
].filter((name, index, all) => all.indexOf(name) === index);

interface VoiceMark {
  readonly header: string;
  /** A substring. Default: anything. */
  readonly value?: string;
  /** A header that such a mail has not. */
  readonly without?: string;
}

/** What makes a mail a voice message; one is enough. */
export const VOICE_MARKS: readonly VoiceMark[] = [
  { header: "Message-Context", value: "voice-message" },
  { header: "X-Asterisk-VM-Message-Type", value: "Message" }, // not its greetings, which may lie in the same folder
  { header: "X-Asterisk-VM-Orig-time", without: "X-Asterisk-VM-Message-Type" }, // app_voicemail 1.4 had no type yet
  { header: "Content-Type", value: "multipart/voice-message" }, // VPIM, RFC 3801 4.4.1
  { header: "Content-Class", value: "voice" }, // Exchange: voice, voice-ca, voice-uc
];

/** Headers in which a caller stands as text, and those that hold him encoded, for a search. */
export const CALLER_HEADERS = HEADERS.filter(({ field, read }) => read && field.startsWith("caller")).map(
  ({ name }) => ({ name, isEncoded: name.startsWith("X-Voxpost-") }),
);
