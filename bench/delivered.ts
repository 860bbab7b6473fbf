import { closeSync, type Dirent, openSync, readdirSync, readSync, statSync } from "node:fs";
import type { Lab } from "../lab/lab.ts";
import { decodeEnvelope } from "../src/storage/mime/decode.ts";

/** A message as it lies in the mail server. */
export interface Delivered {
  readonly mailbox: string;
  readonly caller: string;
  /** Seconds, as its headers say. */
  readonly duration: number;
  /** When a mail client could see it, milliseconds since 1970: a Maildir's file is renamed then, and not touched again. */
  readonly at: number;
}

const HEAD_BYTES = 8_192;

/** Looks at Dovecot's files: a mail client that asked all the time would be measured as well. */
export class Deliveries {
  readonly #folder: string;
  readonly #known = new Set<string>();
  readonly #counts = new Map<string, number>();

  constructor(lab: Lab) {
    this.#folder = `${lab.folder}/dovecot/mail`;
  }

  /** Those that have come since the last look. */
  look(): Delivered[] {
    return folders(this.#folder).flatMap((mailbox) =>
      ["new", "cur"].flatMap((place) => this.#lookInto(mailbox, `${this.#folder}/${mailbox}/${place}`)),
    );
  }

  /** Voice messages in a mailbox, as of the last look; mail of others has no caller. */
  count(mailbox: string): number {
    return this.#counts.get(mailbox) ?? 0;
  }

  /** What lies in the folder of deleted messages, however it is flagged. */
  countTrash(mailbox: string): number {
    const folder = `${this.#folder}/${mailbox}/.Voicemail Trash`;
    return names(`${folder}/new`).length + names(`${folder}/cur`).length;
  }

  #lookInto(mailbox: string, folder: string): Delivered[] {
    return names(folder).flatMap((name) => {
      // Flags stand behind the colon, and change.
      const key = `${mailbox}/${name.split(":")[0]}`;
      if (this.#known.has(key)) return [];
      const found = read(`${folder}/${name}`, mailbox);
      if (found) this.#known.add(key);
      if (found?.caller) this.#counts.set(mailbox, this.count(mailbox) + 1);
      return found ? [found] : [];
    });
  }
}

function read(path: string, mailbox: string): Delivered | undefined {
  try {
    const { caller, duration } = decodeEnvelope(head(path), {
      mailbox: { mailbox, context: "default" },
      folder: "INBOX",
      storedAt: new Date(),
      heard: false,
      urgent: false,
    });
    return { mailbox, caller: caller.number ?? "", duration, at: statSync(path).ctimeMs };
  } catch {
    return undefined; // renamed by Dovecot at this very moment; the next look finds it
  }
}

function head(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    const text = bytes.subarray(0, readSync(file, bytes)).toString("latin1");
    return Buffer.from(text.split(/\r?\n\r?\n/)[0] ?? "", "latin1");
  } finally {
    closeSync(file);
  }
}

function folders(path: string): string[] {
  return entries(path)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function names(path: string): string[] {
  return entries(path).map(({ name }) => name);
}

function entries(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return []; // no mail yet
  }
}
