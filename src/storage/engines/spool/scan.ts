import type { Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Envelope } from "../../../model/message.ts";
import { errnoOf, isGone } from "../../disk.ts";
import type { Entry } from "../../engine.ts";
import type { Placed } from "../../view.ts";
import { type Format, messageNumber, SPOOL_FOLDERS } from "./layout.ts";
import { parseRecord, type SpoolRecord } from "./record.ts";

/** A message as it lies in the spool at this moment. */
export interface Found extends Placed {
  readonly record: SpoolRecord;
  readonly folder: Folder;
  readonly receivedAt: Date;
  /** The spool's folder and number, which app_voicemail changes whenever a message before this one goes. */
  readonly place: string;
  readonly number: string;
}

/** A text is read again when its file is another, or was written to. */
interface Remembered {
  readonly signature: string;
  readonly record: SpoolRecord;
}

/** Audio without a text is taken for a message only when nobody has written to it this long, milliseconds. */
const SETTLED_MS = 60_000;

/** Finds messages in folders that app_voicemail may change at any moment. */
export class Scanner {
  readonly #formats: readonly Format[];
  readonly #onFault: (path: string, fault: string) => void;
  readonly #remembered = new Map<string, Map<string, Remembered>>();

  constructor(formats: readonly Format[], onFault: (path: string, fault: string) => void) {
    this.#formats = formats;
    this.#onFault = onFault;
  }

  /** Every message of one of our folders, which may be several of the spool's; `home` is the mailbox's. */
  async messages(home: string, mailbox: MailboxAddress, folder: Folder): Promise<Found[]> {
    const found: Found[] = [];
    for (const [name, meaning] of Object.entries(SPOOL_FOLDERS)) {
      if (meaning.folder === folder) found.push(...(await this.#scan(join(home, name), mailbox, meaning)));
    }
    // One that was moved meanwhile is met twice; it is where it was met last.
    return [...new Map(found.map((message) => [message.key, message])).values()];
  }

  async #scan(
    place: string,
    mailbox: MailboxAddress,
    meaning: (typeof SPOOL_FOLDERS)[string],
  ): Promise<Found[]> {
    const numbers = await this.#numbers(place);
    const before = this.#remembered.get(place) ?? new Map<string, Remembered>();
    const now = new Map<string, Remembered>();
    const found: Found[] = [];
    for (const [number, files] of numbers) {
      const path = join(place, `msg${number}.txt`);
      const audio = this.#formats
        .map((format) => `msg${number}.${format}`)
        .find((file) => files.includes(file));
      if (audio === undefined) {
        this.#onFault(path, "it has no audio that can be played");
        continue;
      }
      try {
        const hasText = files.includes(`msg${number}.txt`);
        const stats = await stat(hasText ? path : join(place, audio));
        if (!hasText && Date.now() - stats.mtimeMs < SETTLED_MS) continue;
        const signature = `${hasText} ${stats.ino} ${stats.size} ${stats.mtimeMs}`;
        const known = before.get(number);
        const record =
          known?.signature === signature
            ? known.record
            : parseRecord(hasText ? await readFile(path) : withoutText(stats), mailbox);
        if (!record.receivedAt) this.#onFault(path, "it does not say when the call was");
        now.set(number, { signature, record });
        found.push(toFound(record, { ...meaning, place, number, writtenAt: stats.mtime }));
      } catch (error) {
        // Renumbered or deleted just now.
        if (!isGone(error)) throw error;
      }
    }
    this.#remembered.set(place, now);
    return found;
  }

  /** The files of each number. */
  async #numbers(place: string): Promise<Map<string, string[]>> {
    const numbers = new Map<string, string[]>();
    for (const file of await namesIn(place)) {
      const number = messageNumber(file);
      if (number !== undefined) numbers.set(number, [...(numbers.get(number) ?? []), file]);
    }
    return numbers;
  }
}

/** What stands for a text that is missing: it tells nothing, but it is the same as long as the audio is. */
export function withoutText({ size, mtimeMs }: Stats): Buffer {
  return Buffer.from(`${size} ${mtimeMs}`);
}

export function toEntry(mailbox: MailboxAddress, { key, record, ...found }: Found): Entry {
  const { caller, duration, priority, category, dialplanContext, id } = record;
  const { folder, receivedAt, heard, urgent } = found;
  const envelope: Envelope = {
    id,
    mailbox,
    folder,
    caller,
    receivedAt,
    duration,
    heard,
    urgent,
    priority,
    private: false,
    ...(category === undefined ? {} : { category }),
    ...(dialplanContext === undefined ? {} : { dialplanContext }),
  };
  return { ref: { mailbox, folder, key }, envelope };
}

/** Nothing when the folder is missing, which app_voicemail makes when it first needs it, or is no folder. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isGone(error) || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

interface Lies {
  readonly folder: Folder;
  readonly heard: boolean;
  readonly urgent: boolean;
  readonly place: string;
  readonly number: string;
  readonly writtenAt: Date;
}

/** A key holds no number of app_voicemail's, so that it stays good when messages are renumbered. */
function toFound(record: SpoolRecord, { writtenAt, ...lies }: Lies): Found {
  const receivedAt = record.receivedAt ?? writtenAt;
  return {
    ...lies,
    urgent: lies.urgent || (record.urgent && lies.folder === "INBOX"),
    record,
    receivedAt,
    key: `${String(receivedAt.getTime()).padStart(15, "0")}-${record.sequence}-${record.id}`,
  };
}
