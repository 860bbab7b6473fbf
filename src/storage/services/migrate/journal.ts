import { appendFile, mkdir, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { VoxpostError } from "../../../errors.ts";
import { FOLDERS } from "../../../model/folder.ts";
import { GREETINGS, type GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { MessageId } from "../../../model/message.ts";
import { errnoOf, isGone } from "../../disk.ts";

/**
 * What a migration has done, on local disk: a header that says which, and for each mailbox a file of lines, the last
 * of a message being true. It makes going on quick, and tells what changed since; without it nothing is lost or
 * doubled, for every message is looked for by its id before it is copied.
 */
const VERSION = 1;

const header = z.object({ version: z.number(), from: z.string(), to: z.string() });

const messageLine = z.object({
  id: z.string(),
  /** Copying: begun, and perhaps in TO. Copied: verified in TO. Kept: was in TO before. Gone: no longer in FROM. */
  state: z.enum(["copying", "copied", "kept", "gone"]),
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
  readonly #readOnly: boolean;

  private constructor(folder: string, readOnly: boolean) {
    this.#folder = folder;
    this.#readOnly = readOnly;
  }

  /** To look what a migration has done, and change nothing. @throws VoxpostError CONFIG_INVALID as `open` does */
  static async look(folder: string, names: Names): Promise<Journal> {
    await checkHeader(join(folder, "journal.json"), names);
    return new Journal(folder, true);
  }

  /**
   * @throws VoxpostError LOCKED while another migration has it; CONFIG_INVALID when it is another's, or of a later
   * version
   */
  static async open(folder: string, names: Names): Promise<Journal> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await lock(join(folder, "lock"));
    const path = join(folder, "journal.json");
    try {
      const isNew = !(await checkHeader(path, names));
      if (isNew)
        await writeFile(path, `${JSON.stringify({ version: VERSION, ...names })}\n`, { mode: 0o600 });
    } catch (error) {
      await rm(join(folder, "lock"), { force: true });
      throw error;
    }
    return new Journal(folder, false);
  }

  async close(): Promise<void> {
    if (this.#readOnly) return;
    await rm(join(this.#folder, "lock"), { force: true });
  }

  async mailbox({ mailbox, context }: MailboxAddress): Promise<MailboxJournal> {
    if (!this.#readOnly) await mkdir(join(this.#folder, context), { recursive: true, mode: 0o700 });
    return readMailboxJournal(join(this.#folder, context, `${mailbox}.jsonl`), this.#readOnly);
  }
}

/** One mailbox's part, held in memory while the mailbox is worked on. */
export class MailboxJournal {
  readonly messages = new Map<MessageId, MessageLine>();
  readonly greetings = new Map<GreetingKind, GreetingLine>();
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
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

async function readMailboxJournal(path: string, readOnly: boolean): Promise<MailboxJournal> {
  const journal = new MailboxJournal(path);
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isGone(error)) return Buffer.alloc(0);
    throw error;
  });
  // A killed program leaves half a line at most; the next must not be written behind it.
  const whole = bytes.lastIndexOf("\n") + 1;
  if (whole < bytes.length && !readOnly) await truncate(path, whole);
  for (const text of bytes.subarray(0, whole).toString().split("\n")) {
    const line = parseLine(text);
    // A line that means nothing to us is a message that is looked for again.
    if (line && "greeting" in line) journal.greetings.set(line.greeting, line);
    else if (line) journal.messages.set(line.id, line);
  }
  return journal;
}

function parseLine(text: string): MessageLine | GreetingLine | undefined {
  try {
    return z.union([messageLine, greetingLine]).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Whether there is a header; one that is not this migration's is an error. */
async function checkHeader(path: string, names: Names): Promise<boolean> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isGone(error)) return undefined;
    throw error;
  });
  if (text === undefined) return false;
  const found = parseHeader(text);
  if (found?.version === VERSION && found.from === names.from && found.to === names.to) return true;
  const why = !found
    ? "is no journal"
    : found.version === VERSION
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

/** Two migrations at once would each find a message missing, and copy it twice. */
async function lock(path: string): Promise<void> {
  for (let round = 0; round < 2; round++) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(path, "utf8").catch(() => ""));
    if (isAlive(owner)) break;
    await rm(path, { force: true });
  }
  throw new VoxpostError(
    "LOCKED",
    `Another migration works here; wait for its end. If there is none, remove ${path}`,
  );
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
