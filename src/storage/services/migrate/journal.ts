import { appendFile, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { VoxpostError } from "../../../errors.ts";
import { FOLDERS } from "../../../model/folder.ts";
import { GREETINGS, type GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import { isGone } from "../../disk.ts";
import { inUse, type Lock, takeLock } from "../lock.ts";

/**
 * What a migration has done, on local disk: a header that says which, and for each mailbox a file of lines, the last
 * of a message being true. It makes going on quick, and tells what changed since; without it nothing is lost or
 * doubled, for every message is looked for by its id before it is copied.
 */
const VERSION = 2;
/** Its runs with --remove did not say what they took from FROM, so nothing that is missing there may follow in TO. */
const WITHOUT_REMOVALS = 1;

const header = z.object({ version: z.number(), from: z.string(), to: z.string() });

const messageLine = z.object({
  id: z.string(),
  /**
   * Copying: begun, and perhaps in TO. Copied: verified in TO. Kept: was in TO before. Gone: its owner purged it in FROM.
   * Removed: taken from FROM by this migration.
   */
  state: z.enum(["copying", "copied", "kept", "gone", "removed"]),
  /** As they were in FROM: what differs from them later was changed there later. */
  folder: z.enum(FOLDERS),
  heard: z.boolean(),
  urgent: z.boolean(),
  /** Which run of the program wrote this. */
  run: z.string(),
});

const greetingLine = z.object({
  greeting: z.enum(GREETINGS),
  /** Of its audio in FROM; null: it was removed. */
  sha256: z.string().nullable(),
  run: z.string(),
});

export type MessageLine = z.output<typeof messageLine>;
export type GreetingLine = z.output<typeof greetingLine>;

export interface Names {
  readonly from: string;
  readonly to: string;
}

export class Journal {
  readonly #folder: string;
  readonly #version: number;
  /** Undefined: it is only looked at. */
  readonly #lock: Lock | undefined;

  private constructor(folder: string, version: number, lock?: Lock) {
    this.#folder = folder;
    this.#version = version;
    this.#lock = lock;
  }

  /** To look what a migration has done, and change nothing. @throws VoxpostError CONFIG_INVALID as `open` does */
  static async look(folder: string, names: Names): Promise<Journal> {
    return new Journal(folder, (await readHeader(join(folder, "journal.json"), names)) ?? VERSION);
  }

  /**
   * @throws VoxpostError LOCKED while another migration has it; CONFIG_INVALID when it is another's, or of a later
   * version
   */
  static async open(folder: string, names: Names): Promise<Journal> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = takeLock(join(folder, "lock"), inUse(`the journal ${folder}`));
    const path = join(folder, "journal.json");
    try {
      const version = await readHeader(path, names);
      if (version === undefined) {
        await writeFile(path, `${JSON.stringify({ version: VERSION, ...names })}\n`, { mode: 0o600 });
      }
      return new Journal(folder, version ?? VERSION, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  close(): void {
    this.#lock?.release();
  }

  async mailbox({ mailbox, context }: MailboxAddress): Promise<MailboxJournal> {
    const isReadOnly = this.#lock === undefined;
    if (!isReadOnly) await mkdir(join(this.#folder, context), { recursive: true, mode: 0o700 });
    const journal = new MailboxJournal(
      join(this.#folder, context, `${mailbox}.jsonl`),
      this.#version !== WITHOUT_REMOVALS,
    );
    await journal.read(isReadOnly);
    return journal;
  }
}

/** One mailbox's part, held in memory while the mailbox is worked on. */
export class MailboxJournal {
  readonly messages = new Map<MessageId, MessageLine>();
  readonly greetings = new Map<GreetingKind, GreetingLine>();
  /** Whether what an earlier run copied, and is missing in FROM, was certainly not removed by that run. */
  readonly followsEarlier: boolean;
  readonly #path: string;

  constructor(path: string, followsEarlier: boolean) {
    this.#path = path;
    this.followsEarlier = followsEarlier;
  }

  async read(isReadOnly: boolean): Promise<void> {
    const bytes = await readFile(this.#path).catch((error: unknown) => {
      if (isGone(error)) return Buffer.alloc(0);
      throw error;
    });
    // A killed program leaves half a line at most; the next must not be written behind it.
    const whole = bytes.lastIndexOf("\n") + 1;
    if (whole < bytes.length && !isReadOnly) await truncate(this.#path, whole);
    for (const text of bytes.subarray(0, whole).toString().split("\n")) {
      const line = parseLine(text);
      // A line that means nothing to us is a message that is looked for again.
      if (line && "greeting" in line) this.greetings.set(line.greeting, line);
      else if (line) this.messages.set(line.id, line);
    }
  }

  async putMessage(line: MessageLine): Promise<void> {
    await appendFile(this.#path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    this.messages.set(line.id, line);
  }

  async putGreeting(line: GreetingLine): Promise<void> {
    await appendFile(this.#path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    this.greetings.set(line.greeting, line);
  }
}

function parseLine(text: string): MessageLine | GreetingLine | undefined {
  try {
    return z.union([messageLine, greetingLine]).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The header's version; undefined when there is none. One that is not this migration's is an error. */
async function readHeader(path: string, names: Names): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isGone(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const found = parseHeader(text);
  const isKnown = found?.version === VERSION || found?.version === WITHOUT_REMOVALS;
  if (found && isKnown && found.from === names.from && found.to === names.to) return found.version;
  const why = !found
    ? "is no journal"
    : isKnown
      ? `belongs to a migration from ${found.from} to ${found.to}`
      : `has version ${found.version}; this program understands ${VERSION}`;
  throw new VoxpostError("CONFIG_INVALID", `${path} ${why}: give another folder with --journal`);
}

function parseHeader(text: string): z.output<typeof header> | undefined {
  try {
    return header.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
