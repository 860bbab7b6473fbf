import { access, constants, mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { isCode } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, NewMessage } from "../../../model/message.ts";
import { isGone, renameDurably, syncFolder } from "../../disk.ts";
import type { Engine, Entry, FindQuery, ListQuery, Page, Ref } from "../../engine.ts";
import { foldersOf, matches, withWords } from "../../match.ts";
import { Operations } from "../../signals.ts";
import { countViews, pageOf } from "../../view.ts";
import { openAudio, openExtras, readText } from "./contents.ts";
import { toFault } from "./faults.ts";
import { greetingArrival, greetingName, listGreetings, withGreeting } from "./greetings.ts";
import { type MessageName, nameOf, newKey, timeOf } from "./names.ts";
import { listMailboxes, Tree } from "./tree.ts";
import { watchFolder } from "./watch.ts";

/**
 * Messages as folders on a disk, to be listened to, edited and repaired from a shell (docs/engines/file.md). Whatever
 * changes, changes by one rename, so a program that is killed leaves no half of anything in sight, and several
 * programs may work on one store.
 */
export class FileEngine implements Engine {
  readonly name: string;
  readonly capabilities = {
    authenticate: false,
    greetings: true,
    watch: true,
    quota: false,
    search: true,
    move: true,
    writable: true,
  };
  readonly #root: string;
  readonly #log: Logger;
  readonly #create: boolean;
  readonly #tree: Tree;
  readonly #operations = new Operations();

  /** Without `create` the folder must be there. */
  constructor({ root, log, create = true }: { root: string; log: Logger; create?: boolean | undefined }) {
    this.name = `file:${root}`;
    this.#root = root;
    this.#log = log;
    this.#create = create;
    this.#tree = new Tree(root, log);
  }

  async open(): Promise<void> {
    this.#operations.open();
    if (!this.#create) return;
    try {
      await mkdir(this.#root, { recursive: true, mode: 0o700 });
    } catch (error) {
      this.#log.error({ path: this.#root, err: error }, "The folder of the file store cannot be made");
    }
  }

  async close(): Promise<void> {
    this.#operations.close();
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#run(signal, () => access(this.#root, constants.R_OK | constants.W_OK | constants.X_OK));
  }

  async *mailboxes(signal?: AbortSignal): AsyncGenerator<MailboxAddress> {
    yield* await this.#run(signal, () => listMailboxes(this.#root));
  }

  count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    return this.#run(signal, async () => countViews(await this.#tree.names(mailbox, folder)));
  }

  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    return this.#run(signal, async () => {
      const { shown, ...rest } = pageOf(await this.#tree.names(mailbox, folder), query);
      return { entries: await this.#tree.entries(mailbox, folder, shown), ...rest };
    });
  }

  find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    return this.#run(signal, async () => {
      const found = foldersOf(query).map(async (folder) => {
        const names = await this.#tree.names(mailbox, folder);
        const wanted = names.filter((name) => mayMatch(name, query));
        // Whoever finds a message takes it for stored, but its writer may have been killed between rename and sync.
        if (query.id !== undefined && wanted.length > 0) await syncFolder(this.#tree.path(mailbox, folder));
        const entries = await this.#tree.entries(mailbox, folder, wanted);
        return entries.filter(({ envelope }) => matches(envelope, query));
      });
      const entries = (await Promise.all(found)).flat();
      return withWords(entries, query, (ref) => this.#tree.withMessage(ref, readText));
    });
  }

  read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    return this.#run(signal, () => this.#tree.withMessage(ref, openAudio));
  }

  readText(ref: Ref, signal?: AbortSignal): Promise<string | undefined> {
    return this.#run(signal, () => this.#tree.withMessage(ref, readText));
  }

  readExtras(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined> {
    return this.#run(signal, () => this.#tree.withMessage(ref, openExtras));
  }

  append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> {
    return this.#run(signal, async (alive) => {
      const { audio, text, extras, ...envelope } = message;
      const { mailbox, id, receivedAt, heard, urgent, ...rest } = envelope;
      const key = newKey(receivedAt, this.#tree.arrivals.next(), id);
      const path = join(await this.#tree.make(mailbox, folder), nameOf(key, envelope));
      const contents = {
        fields: { ...rest, caller: { ...rest.caller } },
        notes: { id, mailbox: formatMailbox(mailbox), receivedAt: receivedAt.toISOString() },
        audio,
        ...(text === undefined ? {} : { text }),
        ...(extras && { extras }),
      };
      await this.#tree.publish(mailbox, path, contents, alive);
      return {
        ref: { mailbox, folder, key },
        envelope: { ...envelope, folder, receivedAt: new Date(receivedAt) },
      };
    });
  }

  setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void> {
    return this.#run(signal, () =>
      this.#tree.withMessage(ref, async (path, now) => {
        const { heard = now.heard, urgent = now.urgent } = change;
        const name = nameOf(ref.key, { heard, urgent });
        await renameDurably(path, join(this.#tree.path(ref.mailbox, ref.folder), name));
      }),
    );
  }

  move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref> {
    return this.#run(signal, async () => {
      const target = await this.#tree.make(ref.mailbox, to);
      const arrival = this.#tree.arrivals.next();
      return this.#tree.withMessage(ref, async (path, now) => {
        const key = newKey(timeOf(now), arrival, now.id);
        await renameDurably(path, join(target, nameOf(key, now)));
        return { mailbox: ref.mailbox, folder: to, key };
      });
    });
  }

  remove(ref: Ref, signal?: AbortSignal): Promise<void> {
    return this.#run(signal, async () => {
      try {
        await this.#tree.withMessage(ref, (path) => this.#tree.remove(ref.mailbox, path));
      } catch (error) {
        if (!isCode(error, "MESSAGE_UNKNOWN")) throw error;
      }
    });
  }

  readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    return this.#run(signal, async () => {
      const folder = this.#tree.path(mailbox, "greetings");
      const parts = await withGreeting(folder, kind, openAudio);
      return parts?.[0];
    });
  }

  writeGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#run(signal, async (alive) => {
      const folder = await this.#tree.make(mailbox, "greetings");
      const before = await listGreetings(folder, kind);
      const arrival = this.#tree.arrivals.nextAfter(greetingArrival(before.at(-1) ?? ""));
      const fields = { duration: audio.duration ?? 0, caller: {}, priority: false, private: false };
      const path = join(folder, greetingName(kind, arrival));
      await this.#tree.publish(mailbox, path, { fields, audio: [audio] }, alive);
      await this.#removeAll(mailbox, before);
    });
  }

  removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    return this.#run(signal, async () => {
      // The one in force goes last: when the program is killed meanwhile, no older one comes back.
      await this.#removeAll(mailbox, await listGreetings(this.#tree.path(mailbox, "greetings"), kind));
    });
  }

  watch(mailbox: MailboxAddress, onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#run(signal, async () => {
      const lasting = this.#operations.lasting(signal);
      await watchFolder(await this.#tree.make(mailbox, "INBOX"), onChange, lasting, this.#log);
    });
  }

  freeBytes(signal?: AbortSignal): Promise<number> {
    return this.#run(signal, async () => {
      const { bavail, bsize } = await statfs(this.#root);
      return bavail * bsize;
    });
  }

  async #removeAll(mailbox: MailboxAddress, paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      try {
        await this.#tree.remove(mailbox, path);
      } catch (error) {
        // Another program was quicker.
        if (!isGone(error)) throw error;
      }
    }
  }

  async #run<T>(signal: AbortSignal | undefined, work: (alive: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#operations.run(signal, work);
    } catch (error) {
      throw toFault(error, this.#root);
    }
  }
}

/** What a name tells already, so that the records of most messages need not be read. */
function mayMatch(name: MessageName, query: FindQuery): boolean {
  const { id, receivedSince, receivedBefore, heard, urgent } = query;
  return (
    (id === undefined || name.id === id) &&
    (receivedSince === undefined || timeOf(name) >= receivedSince) &&
    (receivedBefore === undefined || timeOf(name) < receivedBefore) &&
    (heard === undefined || name.heard === heard) &&
    (urgent === undefined || name.urgent === urgent)
  );
}
