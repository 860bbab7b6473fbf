import type { Readable } from "node:stream";
import type { Logger } from "../../../log.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, NewMessage } from "../../../model/message.ts";
import type { Engine, Entry, FindQuery, ListQuery, Page, Quota, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { Operations } from "../../signals.ts";
import { type Ask, asPart, openBytes, openPart, withStaged } from "./audio.ts";
import { insertMessage, moveMessage, removeMessage, setFlags } from "./changes.ts";
import { type Backend, type Change, Database, type Db } from "./database.ts";
import { dropGreeting, findGreeting, replaceGreeting } from "./greetings.ts";
import {
  countMessages,
  findExtras,
  findMessages,
  findParts,
  findText,
  listMailboxes,
  listMessages,
  usedBytes,
} from "./listing.ts";

/** Mailboxes that are fetched at once. */
const PAGE = 500;

export interface SqlParts {
  readonly backend: Backend;
  readonly log: Logger;
  /** Default true: a database without our tables gets them. */
  readonly create?: boolean | undefined;
  /** Most audio of one mailbox. */
  readonly maxBytes?: number | undefined;
}

/**
 * Messages as rows of tables, the same in SQLite and PostgreSQL (docs/engines/sql.md). Audio comes in before the
 * transaction that makes the message visible, chunk by chunk, so a slow source locks nothing and no audio is held whole.
 */
export class SqlEngine implements Engine {
  readonly name: string;
  readonly capabilities = {
    authenticate: false,
    greetings: true,
    watch: true,
    quota: true,
    search: true,
    move: true,
    writable: true,
  };
  /** Only where the disk is this machine's. */
  readonly freeBytes?: (signal?: AbortSignal) => Promise<number>;
  readonly #backend: Backend;
  readonly #log: Logger;
  readonly #create: boolean;
  readonly #maxBytes: number | undefined;
  readonly #database: Database;
  readonly #operations = new Operations();

  constructor({ backend, log, create = true, maxBytes }: SqlParts) {
    this.name = `sql:${backend.name}`;
    this.#backend = backend;
    this.#log = log;
    this.#maxBytes = maxBytes;
    this.#create = create;
    this.#database = new Database(backend, create);
    const { freeBytes } = backend;
    if (freeBytes) this.freeBytes = (signal) => this.#ask(signal, freeBytes);
  }

  async open(): Promise<void> {
    this.#operations.open();
    if (!this.#create) return;
    try {
      await this.#backend.prepare();
    } catch (error) {
      this.#log.error({ store: this.name, err: error }, "The file of the SQL store cannot be made");
    }
  }

  async close(): Promise<void> {
    this.#operations.close();
    await this.#database.close();
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#ask(signal, async (db) => {
      await db.selectFrom("mailboxes").select("id").limit(1).execute();
    });
  }

  async *mailboxes(signal?: AbortSignal): AsyncGenerator<MailboxAddress> {
    let last: number | undefined = 0;
    while (last !== undefined) {
      const after: number = last;
      const rows = await this.#ask(signal, (db) => listMailboxes(db, after, PAGE));
      for (const { context, mailbox } of rows) yield { context, mailbox };
      last = rows.at(-1)?.id;
    }
  }

  count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    return this.#ask(signal, (db) => countMessages(db, mailbox, folder));
  }

  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    return this.#ask(signal, (db) => listMessages(db, mailbox, folder, query));
  }

  find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    return this.#ask(signal, (db) => findMessages(db, mailbox, query));
  }

  async read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    const rows = await this.#ask(signal, (db) => findParts(db, ref));
    if (!rows) throw messageUnknown(ref);
    return rows.map((row) => openPart(row, this.#askLater));
  }

  readText(ref: Ref, signal?: AbortSignal): Promise<string | undefined> {
    return this.#ask(signal, (db) => findText(db, ref));
  }

  async readExtras(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined> {
    const row = await this.#ask(signal, (db) => findExtras(db, ref));
    return row && openBytes(row, this.#askLater);
  }

  append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> {
    const { audio, extras } = message;
    const parts = extras ? [...audio, asPart(extras)] : audio;
    return this.#operations.run(signal, (alive) =>
      withStaged(this.#database, parts, alive, (staged) =>
        this.#database.change(alive, message.mailbox, (transaction, mailbox) =>
          insertMessage(transaction, mailbox, { folder, message, staged, maxBytes: this.#maxBytes }),
        ),
      ),
    );
  }

  setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void> {
    return this.#change(ref.mailbox, signal, (...place) => setFlags(...place, ref, change));
  }

  move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref> {
    return this.#change(ref.mailbox, signal, (...place) => moveMessage(...place, ref, to));
  }

  remove(ref: Ref, signal?: AbortSignal): Promise<void> {
    return this.#change(ref.mailbox, signal, (...place) => removeMessage(...place, ref));
  }

  async readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    const row = await this.#ask(signal, (db) => findGreeting(db, mailbox, kind));
    return row && openPart(row, this.#askLater);
  }

  writeGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#operations.run(signal, (alive) =>
      withStaged(this.#database, [audio], alive, (staged) =>
        this.#database.change(alive, mailbox, (...place) => replaceGreeting(...place, kind, staged)),
      ),
    );
  }

  removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    return this.#change(mailbox, signal, (...place) => dropGreeting(...place, kind));
  }

  watch(mailbox: MailboxAddress, onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#operations.run(signal, () =>
      this.#backend.watch(this.#database, mailbox, onChange, this.#operations.lasting(signal)),
    );
  }

  async quota(mailbox: MailboxAddress, signal?: AbortSignal): Promise<Quota | undefined> {
    const used = await this.#ask(signal, (db) => usedBytes(db, mailbox));
    return this.#maxBytes === undefined ? undefined : { usedBytes: used, limitBytes: this.#maxBytes };
  }

  #ask<T>(signal: AbortSignal | undefined, question: (db: Db) => Promise<T>): Promise<T> {
    return this.#operations.run(signal, (alive) => this.#database.run(alive, question));
  }

  /** For streams, which outlive the operation that opened them, but not the engine. */
  readonly #askLater: Ask = (question) => this.#ask(undefined, question);

  #change<T>(mailbox: MailboxAddress, signal: AbortSignal | undefined, work: Change<T>): Promise<T> {
    return this.#operations.run(signal, (alive) => this.#database.change(alive, mailbox, work));
  }
}
