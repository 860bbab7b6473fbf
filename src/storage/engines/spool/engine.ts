import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import { formatMailbox, isMailboxName, type MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart } from "../../../model/message.ts";
import type { Engine, Entry, FindQuery, ListQuery, Page, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { foldersOf, matches, withWords } from "../../match.ts";
import { Operations } from "../../signals.ts";
import { countViews, pageOf } from "../../view.ts";
import { toFault } from "../file/faults.ts";
import { openFirst, openMessage } from "./audio.ts";
import { type Format, GREETING_FILES, SPOOL_FOLDERS } from "./layout.ts";
import { type Found, namesIn, Scanner, toEntry } from "./scan.ts";

export interface SpoolParts {
  readonly root: string;
  readonly formats: readonly Format[];
  readonly log: Logger;
}

/** app_voicemail may renumber a folder between two of our tries; it does not do so for ever. */
const ROUNDS = 5;

/** Reads what app_voicemail keeps in files, and changes nothing of it (docs/engines/spool.md). */
export class SpoolEngine implements Engine {
  readonly name: string;
  readonly capabilities = {
    authenticate: false,
    greetings: true,
    watch: false,
    quota: false,
    search: false,
    move: false,
    writable: false,
  };
  readonly #root: string;
  readonly #formats: readonly Format[];
  readonly #scanner: Scanner;
  readonly #operations = new Operations();
  readonly #reported = new Set<string>();
  readonly #log: Logger;

  constructor({ root, formats, log }: SpoolParts) {
    this.name = `spool:${root}`;
    this.#root = root;
    this.#formats = formats;
    this.#log = log;
    this.#scanner = new Scanner(formats, (path, fault) => this.#report(path, fault));
  }

  async open(): Promise<void> {
    this.#operations.open();
  }

  async close(): Promise<void> {
    this.#operations.close();
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#run(signal, () => access(this.#root, constants.R_OK | constants.X_OK));
  }

  async *mailboxes(signal?: AbortSignal): AsyncGenerator<MailboxAddress> {
    await this.check(signal);
    for (const context of await this.#run(signal, () => foldersIn(this.#root))) {
      for (const mailbox of await this.#run(signal, () => foldersIn(join(this.#root, context)))) {
        const names = await this.#run(signal, () => namesIn(join(this.#root, context, mailbox)));
        if (names.some(isOfVoicemail)) yield { mailbox, context };
      }
    }
  }

  count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    return this.#run(signal, async () => countViews(await this.#messages(mailbox, folder)));
  }

  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    return this.#run(signal, async () => {
      const { shown, ...rest } = pageOf(await this.#messages(mailbox, folder), query);
      return { entries: shown.map((found) => toEntry(mailbox, found)), ...rest };
    });
  }

  find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    return this.#run(signal, async () => {
      const entries: Entry[] = [];
      for (const folder of foldersOf(query)) {
        const found = await this.#messages(mailbox, folder);
        entries.push(...found.map((each) => toEntry(mailbox, each)));
      }
      const fitting = entries.filter(({ envelope }) => matches(envelope, query));
      // app_voicemail keeps no text.
      return withWords(fitting, query, async () => undefined);
    });
  }

  read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    return this.#run(signal, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const all = await this.#messages(ref.mailbox, ref.folder);
        const found = all.find(({ key }) => key === ref.key);
        if (!found) throw messageUnknown(ref);
        const parts = await openMessage(found, ref.mailbox, this.#formats);
        if (parts) return parts;
      }
      throw messageUnknown(ref);
    });
  }

  readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    return this.#run(signal, async () => {
      const opened = await openFirst(join(this.#home(mailbox), GREETING_FILES[kind]), "voice", this.#formats);
      return opened && { ...opened.part, stream: opened.handle.createReadStream() };
    });
  }

  append = this.#refuse;
  setFlags = this.#refuse;
  move = this.#refuse;
  remove = this.#refuse;
  writeGreeting = this.#refuse;
  removeGreeting = this.#refuse;

  async #refuse(): Promise<never> {
    throw new VoxpostError(
      "UNSUPPORTED",
      `${this.name} is only read: put an engine that can be written to above it (docs/engines/overlay.md)`,
    );
  }

  async #messages(mailbox: MailboxAddress, folder: Folder): Promise<Found[]> {
    const home = this.#home(mailbox);
    const found = await this.#scanner.messages(home, mailbox, folder);
    // Nothing may be an empty mailbox, but not when the whole spool is missing: its disk is not mounted.
    if (found.length === 0) await stat(this.#root);
    return found;
  }

  /** Whatever was checked before: a path is made of these. */
  #home({ context, mailbox }: MailboxAddress): string {
    if (isMailboxName(context) && isMailboxName(mailbox)) return join(this.#root, context, mailbox);
    const name = JSON.stringify(formatMailbox({ context, mailbox }));
    throw new VoxpostError("ADDRESS_INVALID", `${name} is no mailbox in a spool`);
  }

  async #run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#operations.run(signal, work);
    } catch (error) {
      throw toFault(error, this.#root);
    }
  }

  /** Once for each path: a listing meets the same file again and again. */
  #report(path: string, fault: string): void {
    if (this.#reported.has(path)) return;
    this.#reported.add(path);
    this.#log.warn({ path, fault }, "Something in the spool is not as it should be");
  }
}

async function foldersIn(path: string): Promise<string[]> {
  return (await namesIn(path)).filter(isMailboxName).sort();
}

function isOfVoicemail(name: string): boolean {
  const greetings = Object.values(GREETING_FILES);
  return Object.hasOwn(SPOOL_FOLDERS, name) || greetings.includes(name.replace(/\.\w+$/, ""));
}
