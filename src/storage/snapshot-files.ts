import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GREETINGS, type GreetingKind } from "../model/greeting.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { AudioPart } from "../model/message.ts";
import { checkAddress } from "./checks.ts";
import { writeNew } from "./disk.ts";
import { endingOf } from "./endings.ts";

const count = z.number().int().min(0);

const greeting = z.object({
  /** A plain name, so that a file that somebody edited cannot make a caller hear another. */
  file: z.string().regex(/^[a-z]+-[0-9a-f]{16}\.[a-z0-9]{1,8}$/),
  contentType: z.string(),
  duration: z.number().min(0).exactOptional(),
});

/** Recorded and not yet known to be in the store. */
const held = greeting.extend({
  id: z.string(),
  /** Configured name of the Asterisk on whose disk it lies. */
  asterisk: z.string(),
  /** Milliseconds since 1970. */
  recordedAt: z.number(),
});

const saved = z.object({
  voxpost: z.literal(1),
  /** When the store was asked, milliseconds since 1970; 0 is never. */
  messagesAt: z.number(),
  greetingsAt: z.number(),
  counts: z.object({ urgent: count, new: count, old: count }).exactOptional(),
  quotaReached: z.boolean(),
  greetings: z.partialRecord(z.enum(GREETINGS), greeting),
  held: z.partialRecord(z.enum(GREETINGS), held).default({}),
});

export type SavedSnapshot = z.output<typeof saved>;
export type SavedGreeting = z.output<typeof greeting>;
export type HeldGreeting = z.output<typeof held>;

const NEVER: SavedSnapshot = {
  voxpost: 1,
  messagesAt: 0,
  greetingsAt: 0,
  quotaReached: false,
  greetings: {},
  held: {},
};

const FILE = "snapshot.json";

/** Snapshots on the disk: FOLDER/CONTEXT/MAILBOX/snapshot.json, and the greetings' audio beside it. */
export class SnapshotFiles {
  readonly #folder: string;
  /** Audio that was kept and that no snapshot names yet: somebody else's write must not remove it. */
  readonly #unnamed = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(mailbox: MailboxAddress, ...file: string[]): string {
    checkAddress(mailbox);
    return join(this.#folder, mailbox.context, mailbox.mailbox, ...file);
  }

  /** What was saved; a file that is missing or damaged is as if nothing ever was. */
  async read(mailbox: MailboxAddress): Promise<SavedSnapshot> {
    try {
      return saved.parse(JSON.parse(await readFile(this.path(mailbox, FILE), "utf8")));
    } catch {
      return NEVER;
    }
  }

  /** Replaces what was saved, and removes the audio that neither the new nor the old one names: a call may be playing the old. */
  async write(mailbox: MailboxAddress, snapshot: SavedSnapshot): Promise<void> {
    const before = await this.read(mailbox);
    await this.#replace(mailbox, FILE, [Buffer.from(`${JSON.stringify(snapshot, null, 2)}\n`)]);
    const named = [before, snapshot].flatMap(({ greetings, held }) => [
      ...Object.values(greetings),
      ...Object.values(held),
    ]);
    const keep = new Set([FILE, ...named.map(({ file }) => file)]);
    for (const name of keep) this.#unnamed.delete(this.path(mailbox, name));
    for (const name of await readdir(this.path(mailbox))) {
      if (!keep.has(name) && !this.#unnamed.has(this.path(mailbox, name)))
        await rm(this.path(mailbox, name), { force: true });
    }
  }

  /** Named by its content: a file never changes under a call that plays it. */
  async keepGreeting(mailbox: MailboxAddress, kind: GreetingKind, audio: AudioPart): Promise<SavedGreeting> {
    const { contentType, duration, stream } = audio;
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const hash = createHash("sha256");
    for (const chunk of chunks) hash.update(chunk);
    const file = `${kind}-${hash.digest("hex").slice(0, 16)}.${endingOf(contentType)}`;
    this.#unnamed.add(this.path(mailbox, file));
    await this.#replace(mailbox, file, chunks);
    return { file, contentType, ...(duration === undefined ? {} : { duration }) };
  }

  async #replace(mailbox: MailboxAddress, file: string, bytes: Iterable<Buffer>): Promise<void> {
    await mkdir(this.path(mailbox), { recursive: true, mode: 0o700 });
    const temporary = this.path(mailbox, `${file}.${randomUUID()}`);
    try {
      await writeNew(temporary, bytes);
      await rename(temporary, this.path(mailbox, file));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}
