import { randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import { FOLDERS, type Folder } from "../../../model/folder.ts";
import { formatMailbox, isMailboxName, type MailboxAddress } from "../../../model/mailbox.ts";
import { isGone, renameDurably } from "../../disk.ts";
import type { Entry, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { type NewContents, readContents, writeContents } from "./contents.ts";
import { FolderMaker } from "./folders.ts";
import { listNames, removeFolder, sweepTmp, withMessage } from "./messages.ts";
import { Arrivals, isKey, type MessageName, timeOf } from "./names.ts";

/** Beside a mailbox's message folders `greetings` holds what callers hear, and `tmp` what is on its way in or out. */
export type Place = Folder | "greetings" | "tmp";

const PLACES: readonly string[] = [...FOLDERS, "greetings", "tmp"];

/** The folders of a store: ROOT/CONTEXT/MAILBOX/PLACE/MESSAGE. */
export class Tree {
  readonly arrivals = new Arrivals();
  readonly #root: string;
  readonly #log: Logger;
  readonly #folders: FolderMaker;
  readonly #swept = new Set<string>();
  readonly #reported = new Set<string>();

  constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
    this.#folders = new FolderMaker(root);
  }

  path(mailbox: MailboxAddress, place: Place): string {
    return join(this.#root, ...namesOf(mailbox, place));
  }

  make(mailbox: MailboxAddress, place: Place): Promise<string> {
    return this.#folders.make(...namesOf(mailbox, place));
  }

  /** The messages of a folder by their names alone, in no order. */
  async names(mailbox: MailboxAddress, folder: Folder): Promise<MessageName[]> {
    const path = this.path(mailbox, folder);
    try {
      return await listNames(path, (name) => this.#report(join(path, name), "this is no message of ours"));
    } catch (error) {
      if (!isGone(error)) throw error;
      // A folder that is missing is empty, but not when the whole store is missing: its disk is not mounted.
      await stat(this.#root);
      return [];
    }
  }

  /** Reads the records of these messages; those that went meanwhile are left out. */
  async entries(mailbox: MailboxAddress, folder: Folder, names: readonly MessageName[]): Promise<Entry[]> {
    const path = this.path(mailbox, folder);
    const entries = names.map(({ key }) =>
      withMessage(path, key, async (place, name): Promise<Entry> => {
        const { record, fault } = await readContents(place);
        if (fault) this.#report(place, fault.message);
        const { audio: _, ...fields } = record;
        const { id, heard, urgent } = name;
        return {
          ref: { mailbox, folder, key },
          envelope: { ...fields, id, mailbox, folder, receivedAt: timeOf(name), heard, urgent },
        };
      }),
    );
    return (await Promise.all(entries)).filter((entry) => entry !== undefined);
  }

  /** @throws MESSAGE_UNKNOWN */
  async withMessage<T>(ref: Ref, attempt: (path: string, now: MessageName) => Promise<T>): Promise<T> {
    if (!isKey(ref.key)) throw messageUnknown(ref);
    const result = await withMessage(this.path(ref.mailbox, ref.folder), ref.key, async (path, now) => ({
      value: await attempt(path, now),
    }));
    if (!result) throw messageUnknown(ref);
    return result.value;
  }

  /** Writes a folder aside and renames it to its place, durably. */
  async publish(
    mailbox: MailboxAddress,
    path: string,
    contents: NewContents,
    signal: AbortSignal,
  ): Promise<void> {
    const staged = join(await this.#makeTmp(mailbox), `${this.arrivals.next()}-${randomUUID()}`);
    await writeContents(staged, contents, signal);
    try {
      await renameDurably(staged, path);
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
  }

  async remove(mailbox: MailboxAddress, path: string): Promise<void> {
    await removeFolder(path, await this.#makeTmp(mailbox));
  }

  async #makeTmp(mailbox: MailboxAddress): Promise<string> {
    const tmp = await this.make(mailbox, "tmp");
    if (!this.#swept.has(tmp)) {
      this.#swept.add(tmp);
      await sweepTmp(tmp, Date.now());
    }
    return tmp;
  }

  /** Once for each path: a listing meets the same file again and again. */
  #report(path: string, fault: string): void {
    if (this.#reported.has(path)) return;
    this.#reported.add(path);
    this.#log.warn(
      { path, fault },
      "Something in the file store is not as it should be; it is left as it is",
    );
  }
}

/** Every mailbox that has one of our folders, by the names of folders alone. */
export async function listMailboxes(root: string): Promise<MailboxAddress[]> {
  const found: MailboxAddress[] = [];
  for (const context of await folderNames(root)) {
    for (const mailbox of await folderNames(join(root, context))) {
      const inside = await folderNames(join(root, context, mailbox));
      if (inside.some((name) => name !== "tmp" && PLACES.includes(name))) found.push({ mailbox, context });
    }
  }
  return found;
}

async function folderNames(path: string): Promise<string[]> {
  const inside = await readdir(path, { withFileTypes: true });
  return inside.flatMap((item) => (item.isDirectory() && isMailboxName(item.name) ? [item.name] : []));
}

/** Whatever was checked before: a path is made of these, so none may lead out of the root. */
function namesOf(mailbox: MailboxAddress, place: Place): string[] {
  const { context, mailbox: name } = mailbox;
  if (isMailboxName(context) && isMailboxName(name) && PLACES.includes(place)) return [context, name, place];
  throw new VoxpostError(
    "ADDRESS_INVALID",
    `${JSON.stringify(formatMailbox(mailbox))} has no ${place} on a disk`,
  );
}
