import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { MailboxAddress } from "../model/mailbox.ts";

/** Checks PINs of our own, for engines that have none. */
export interface Pins {
  /** Takes as long for a wrong PIN, and for a mailbox without one, as for the right PIN. */
  verify(mailbox: MailboxAddress, pin: string): Promise<boolean>;
}

/** What the configuration says of one mailbox: `pin` in clear, or `pin_hash`. */
export interface PinEntry {
  readonly pin?: string;
  readonly pinHash?: string;
}

/** RFC 7914 scrypt; 16 MB and some 40 ms a PIN. A PIN has too few digits for more to help: what helps is counting failures. */
const COST = { ln: 14, r: 8, p: 1 };
const KEY_BYTES = 32;

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{16,88})\$([A-Za-z0-9+/]{43})$/;

/** The text for `pin_hash`: `$scrypt$ln=14,r=8,p=1$SALT$KEY`, base64 without padding. */
export async function hashPin(pin: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(pin, salt, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(key)}`;
}

export function isPinHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

/** A `pin_hash` that is none opens nothing. */
export function createPins(
  lookup: (mailbox: MailboxAddress) => PinEntry | undefined | Promise<PinEntry | undefined>,
): Pins {
  const nobodysSalt = randomBytes(16);
  return {
    async verify(mailbox, pin) {
      const entry = await lookup(mailbox);
      const hash = entry?.pinHash === undefined ? undefined : parseHash(entry.pinHash);
      const key = await derive(pin, hash?.salt ?? nobodysSalt, hash?.cost ?? COST);
      if (hash) return timingSafeEqual(key, hash.key);
      // Digests are of one length, as the comparison needs.
      const same = timingSafeEqual(digest(pin), digest(entry?.pin ?? ""));
      return same && entry?.pin !== undefined && entry.pin !== "" && entry.pinHash === undefined;
    },
  };
}

interface ParsedHash {
  readonly cost: typeof COST;
  readonly salt: Buffer;
  readonly key: Buffer;
}

function parseHash(text: string): ParsedHash | undefined {
  const [, ln, r, p, salt, key] = FORM.exec(text) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  // More than a gigabyte is a slip of the pen that would stop the program at a caller's first PIN.
  if (cost.ln < 10 || cost.r < 1 || cost.p < 1 || memoryOf(cost) > 2 ** 30) return undefined;
  return { cost, salt: Buffer.from(salt, "base64"), key: Buffer.from(key, "base64") };
}

function memoryOf({ ln, r }: { ln: number; r: number }): number {
  return 128 * 2 ** ln * r;
}

const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

function derive(pin: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  const { ln, r, p } = cost;
  return scryptAsync(pin, salt, KEY_BYTES, {
    N: 2 ** ln,
    r,
    p,
    maxmem: memoryOf(cost) + 128 * r * p + 2 ** 20,
  });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
