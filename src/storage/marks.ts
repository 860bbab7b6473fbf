import { mkdir, open, readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import { checkAddress } from "./checks.ts";
import { errnoOf, isGone, syncFolder } from "./disk.ts";
import { watchFolder } from "./engines/file/watch.ts";

/** What a message is marked with. */
export type MarkSet = ReadonlySet<string>;

const NONE: MarkSet = new Set();
const MARK = /^[A-Za-z0-9-]{1,64}$/;

/**
 * What composites and layers must remember of single messages, when no engine of theirs can: that one is deleted, is on
 * its way, was heard. A mark is an empty file, NOTES/CONTEXT/MAILBOX/ID,MARK: it is there or it is not, so programs
 * that share the folder and programs that are killed see no half of one. It is on the disk before a change resolves
 * (`hold` excepted).
 */
export class Marks {
  readonly #root: string;
  readonly #log: Logger;

  constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  /** Every message of a mailbox that is marked. Costs the reading of one folder's names. */
  async all(mailbox: MailboxAddress): Promise<ReadonlyMap<string, MarkSet>> {
    const marked = new Map<string, Set<string>>();
    for (const name of await this.#names(mailbox)) {
      const comma = name.lastIndexOf(",");
      const [id, mark] = [decode(name.slice(0, comma)), name.slice(comma + 1)];
      if (comma <= 0 || id === undefined || !MARK.test(mark)) continue;
      const marks = marked.get(id) ?? new Set();
      marked.set(id, marks.add(mark));
    }
    return marked;
  }

  async of(mailbox: MailboxAddress, id: string): Promise<MarkSet> {
    return (await this.all(mailbox)).get(id) ?? NONE;
  }

  async set(mailbox: MailboxAddress, id: string, ...marks: string[]): Promise<void> {
    await this.change(mailbox, id, marks, []);
  }

  async unset(mailbox: MailboxAddress, id: string, ...marks: string[]): Promise<void> {
    await this.change(mailbox, id, [], marks);
  }

  /** Sets first, so that whoever looks between sees both. */
  async change(
    mailbox: MailboxAddress,
    id: string,
    set: readonly string[],
    unset: readonly string[],
  ): Promise<void> {
    if (set.length + unset.length === 0) return;
    await this.#run(async () => {
      const folder = set.length > 0 ? await this.#make(mailbox) : this.#path(mailbox);
      for (const mark of set) await create(join(folder, nameOf(id, mark)));
      for (const mark of unset) await unlink(join(folder, nameOf(id, mark))).catch(unlessGone);
      await syncFolder(folder).catch(unlessGone);
    });
  }

  /** Sets a mark that nobody has set before: of two who claim it at once one gets `true`. */
  async claim(mailbox: MailboxAddress, id: string, mark: string): Promise<boolean> {
    return this.#run(async () => {
      const folder = await this.#make(mailbox);
      const first = await create(join(folder, nameOf(id, mark)));
      await syncFolder(folder);
      return first;
    });
  }

  /**
   * As `claim`, for as long as something takes: resolves to what takes the mark away again, and to undefined when somebody has it.
   * Neither waits for the disk, for after a power cut nothing is under way.
   */
  async hold(mailbox: MailboxAddress, id: string, mark: string): Promise<(() => Promise<void>) | undefined> {
    return this.#run(async () => {
      const path = join(await this.#make(mailbox), nameOf(id, mark));
      if (!(await create(path))) return undefined;
      return () => this.#run(() => unlink(path).catch(unlessGone));
    });
  }

  /** When a mark was set, whole milliseconds since 1970 as `Date.now` tells them; undefined when it is not. */
  async setAt(mailbox: MailboxAddress, id: string, mark: string): Promise<number | undefined> {
    return this.#run(async () => {
      try {
        return Math.floor((await stat(join(this.#path(mailbox), nameOf(id, mark)))).mtimeMs);
      } catch (error) {
        return unlessGone(error);
      }
    });
  }

  /** As an engine's `watch`: calls back after a change of a mailbox's marks, whoever made it. */
  watch(mailbox: MailboxAddress, onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#run(async () => watchFolder(await this.#make(mailbox), onChange, signal, this.#log));
  }

  #path(mailbox: MailboxAddress): string {
    checkAddress(mailbox);
    return join(this.#root, mailbox.context, mailbox.mailbox);
  }

  async #make(mailbox: MailboxAddress): Promise<string> {
    const folder = this.#path(mailbox);
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let path = folder; made !== undefined && path.length >= made.length; path = join(path, ".."))
      await syncFolder(join(path, ".."));
    return folder;
  }

  #names(mailbox: MailboxAddress): Promise<string[]> {
    return this.#run(async () => {
      try {
        return await readdir(this.#path(mailbox));
      } catch (error) {
        unlessGone(error);
        return [];
      }
    });
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const code: ErrorCode = /ENOSPC|EDQUOT/.test(errnoOf(error) ?? "") ? "STORE_FULL" : "STORE_UNREACHABLE";
      throw VoxpostError.from(error, code, `Notes on messages cannot be kept in ${this.#root}`);
    }
  }
}

/** False when it was there already. */
async function create(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Ids of foreign mail may hold what a path may not. */
function nameOf(id: string, mark: string): string {
  return `${encodeURIComponent(id)},${mark}`;
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

function unlessGone(error: unknown): undefined {
  if (!isGone(error)) throw error;
}
