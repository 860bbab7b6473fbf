import { VoxpostError } from "../../../errors.ts";
import type { Flags, MessageId } from "../../../model/message.ts";
import type { Placed } from "../../view.ts";

/**
 * A message is a folder whose name tells what a listing sorts and counts by, so that neither has to open a file:
 *
 *     20261122T014512345Z-00pj8k2m1x4-0123456789abcdef0123456789abcdef,hu
 *     time of the call    arrival     id                               flags: h heard, u urgent
 *
 * Up to the comma it is the message's key: flags change by one rename and leave the key alone.
 */
export interface MessageName extends Placed {
  readonly id: MessageId;
}

const TIME = String.raw`\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3])(?:[0-5]\d){2}\d{3}Z`;
const NAME = new RegExp(`^(${TIME}-[0-9a-z]{11}-([0-9a-f]{32})),(h?u?)$`);

/** Undefined for whatever else lies in the folder. */
export function parseName(text: string): MessageName | undefined {
  const [, key, id, flags] = NAME.exec(text) ?? [];
  if (key === undefined || id === undefined || flags === undefined) return undefined;
  return { key, id, heard: flags.includes("h"), urgent: flags.includes("u") };
}

/** The time of the call. Not part of a parsed name: a count of ten thousand needs none of them. */
export function timeOf({ key }: Placed): Date {
  const digits = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})/;
  return new Date(key.slice(0, 18).replace(digits, "$1-$2-$3T$4:$5:$6.$7Z"));
}

/** @throws VoxpostError STORE_REFUSED for a time outside the years 0 to 9999, or an id that is none */
export function newKey(receivedAt: Date, arrival: string, id: MessageId): string {
  const time = Number.isNaN(receivedAt.getTime()) ? "" : receivedAt.toISOString().replace(/[-:.]/g, "");
  const key = `${time}-${arrival}-${id}`;
  if (isKey(key)) return key;
  throw new VoxpostError("STORE_REFUSED", "A message needs a date of four-digit year and 32 digits of id");
}

/** Keys come back from callers, and a path is made of them. */
export function isKey(text: string): boolean {
  return parseName(`${text},`) !== undefined;
}

/** Every name that a message may have now. */
export function namesOf(key: string): string[] {
  return ["", "h", "u", "hu"].map((flags) => `${key},${flags}`);
}

export function nameOf(key: string, { heard, urgent }: Flags): string {
  return `${key},${heard ? "h" : ""}${urgent ? "u" : ""}`;
}

/** Microseconds since 1970, in eleven digits that sort as text; each later than the one before, whatever the clock does. */
export class Arrivals {
  #last = 0;

  next(): string {
    this.#last = Math.max(this.#last + 1, Date.now() * 1000);
    return this.#last.toString(36).padStart(11, "0");
  }

  /** Later than this one too, which another program may have made by a clock that is ahead. */
  nextAfter(arrival: string): string {
    this.#last = Math.max(this.#last, Number.parseInt(arrival, 36) || 0);
    return this.next();
  }
}

/** When a name that begins with an arrival was made, in milliseconds since 1970; NaN for other names. */
export function arrivedAt(name: string): number {
  return Number.parseInt(/^[0-9a-z]{11}(?=-)/.exec(name)?.[0] ?? "", 36) / 1000;
}
