import type { NewMessage } from "../../model/message.ts";
import { decodeWords, fromExact, oneLine, printableAscii, toExact, withoutWords } from "./text.ts";

/** What all mails of one store have in common. */
export interface Site {
  /** Right side of `Message-ID`, `From` and `To`. */
  readonly domain: string;
}

/** What headers tell of a message. Later rows of the table overrule earlier ones, so `undefined` can mean "withheld". */
export interface Facts {
  id?: string;
  number?: string | undefined;
  name?: string | undefined;
  receivedAt?: Date;
  duration?: number;
  priority?: boolean;
  private?: boolean;
  category?: string;
  dialplanContext?: string;
  callId?: string;
}

/** RFC 3801 4.1.2: stands for a caller to whom no reply can be sent. */
const NO_REPLY = "non-mail-user";
/** RFC 3939 5.2. */
const CALLER_NAME_MAX = 50;
/** app_voicemail copies these into fixed buffers. */
const ASTERISK_MAX = 79;

/** Without what app_voicemail would drop itself. */
export function forAsterisk(text: string | undefined): string {
  return printableAscii(withoutWords(text ?? ""), ASTERISK_MAX);
}

export function callerName(text: string | undefined): string {
  return oneLine(withoutWords(text ?? ""), CALLER_NAME_MAX);
}

/** RFC 5322 3.3 with a numeric zone. */
export function rfcDate(when: Date): string {
  return when.toUTCString().replace("GMT", "+0000");
}

/** `0:25`, `61:00`: as a person reads a length. */
export function clock(seconds: number): string {
  const rest = Math.max(0, Math.round(seconds));
  return `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")}`;
}

/** RFC 3939 5.1: digits only; a leading + becomes the numbering plan. */
export function callerId(number: string | undefined): string | undefined {
  const digits = (number ?? "").replace(/[^0-9]/g, "");
  if (!digits) return undefined;
  return number?.trim().startsWith("+") ? `${digits}, NumberingPlan=e164` : digits;
}

export function readCallerId(value: string): Facts | undefined {
  const match = /^(\d+)\s*(?:,\s*NumberingPlan\s*=\s*([\w-]+))?/i.exec(value);
  if (!match?.[1]) return undefined;
  return { number: match[2]?.toLowerCase() === "e164" ? `+${match[1]}` : match[1] };
}

export function from(message: NewMessage, site: Site): string {
  const shown = callerName(message.caller.name || message.caller.number || "Unknown caller");
  return `"${shown.replace(/["\\]/g, "\\$&")}" <${NO_REPLY}@${site.domain}>`;
}

/** `"Erika Muster" <4930123456@example.org>` (RFC 3801 4.2.1). */
export function readFrom(value: string): Facts {
  const match = /^(.*?)\s*<([^<>]*)>/s.exec(value);
  const shown = decodeWords((match?.[1] ?? "").replace(/^"(.*)"$/s, "$1").replace(/\\(.)/g, "$1"));
  const local = (match?.[2] ?? value).trim().split("@")[0] ?? "";
  return {
    ...(shown ? { name: oneLine(shown) } : {}),
    ...(/^\+?\d+$/.test(local) ? { number: local } : {}),
  };
}

/** RFC 5321 4.1.2: a mailbox name that is not a dot-string is quoted. */
export function localPart(mailbox: string): string {
  return /^[\w+-]+(\.[\w+-]+)*$/.test(mailbox) ? mailbox : `"${mailbox}"`;
}

export function number(value: string): Facts | undefined {
  return value ? { number: value } : undefined;
}

export function name(value: string): Facts | undefined {
  const text = oneLine(decodeWords(value));
  return text ? { name: text } : undefined;
}

export function seconds(value: string): Facts | undefined {
  const match = /^(\d{1,10})(?:\.\d+)?\b/.exec(value);
  return match ? { duration: Number(match[1]) } : undefined;
}

export function date(value: string): Facts | undefined {
  const when = new Date(value.replace(/\s*\([^)]*\)\s*$/, ""));
  return Number.isNaN(when.getTime()) ? undefined : { receivedAt: when };
}

export function whole(value: number): string {
  return String(Math.max(0, Math.floor(value)));
}

/** The whole text, unless a reader of the other header gets it already. */
export function exactly(text: string | undefined, alreadyRead: string | undefined): string | undefined {
  return text && text !== alreadyRead ? toExact(text) : undefined;
}

export function exact(value: string, facts: (text: string) => Facts): Facts | undefined {
  const text = fromExact(value);
  return text === undefined ? undefined : facts(text);
}
