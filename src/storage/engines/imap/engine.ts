import type { Readable } from "node:stream";
import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, NewMessage } from "../../../model/message.ts";
import type { Engine, Entry, FindQuery, ListQuery, Page, Quota, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { encodeMessage } from "../../mime/encode.ts";
import { encodeGreeting } from "../../mime/greeting.ts";
import { cutOnAbort } from "../../streams.ts";
import { countViews } from "../../view.ts";
import { Access } from "./access.ts";
import { appendMail } from "./append.ts";
import { type FetchPiece, type FoundPart, fetchPiece, findParts, openPart } from "./audio.ts";
import { type Box, CensusCache, takeCensus } from "./census.ts";
import { changeFlags, deleteUid, locate, moveMessage, removeMessage, selectFolderOf } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { findExtras, openExtras } from "./extras.ts";
import { findEntries } from "./find.ts";
import { folderNames, greetingFolderNames } from "./folders.ts";
import { findGreetings, storeGreeting } from "./greetings.ts";
import { fetchPage } from "./listing.ts";
import type { ImapOptions } from "./options.ts";
import { fetchText } from "./text.ts";
import { watchFolder } from "./watch.ts";

/** Slowest link on which a message is still stored in time, bytes per millisecond. */
const SLOWEST = 20;

/** Voice messages as mail in the owners' own IMAP accounts. docs/engines/imap.md */
export class ImapEngine implements Engine {
  readonly name: string;
  readonly capabilities = {
    authenticate: true,
    greetings: true,
    watch: true,
    quota: true,
    search: true,
    move: true,
    writable: true,
  };
  readonly #options: ImapOptions;
  readonly #access: Access;
  readonly #log: Logger;
  readonly #censuses = new CensusCache();
  #watched = 0;

  /** `path` makes a path of the configuration absolute. */
  constructor(options: ImapOptions, { path, log }: { path: (file: string) => string; log: Logger }) {
    this.#options = options;
    this.#log = log;
    this.#access = new Access(options, path);
    this.name = `imap (${options.host})`;
  }

  async open(): Promise<void> {
    this.#access.open();
  }

  close(): Promise<void> {
    return this.#access.close();
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#access.check(signal);
  }

  authenticate(mailbox: MailboxAddress, pin: string, signal?: AbortSignal): Promise<boolean> {
    return this.#access.checkPin(mailbox, pin, signal);
  }

  expect(mailbox: MailboxAddress, signal: AbortSignal): void {
    this.#access.expectPin(mailbox, signal);
  }

  async count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    const take = (connection: Connection) => this.#takeCensus(connection, mailbox, folder);
    const census = await this.#access.use(mailbox, take, { signal, repeat: true });
    return countViews(census?.messages ?? []);
  }

  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    const list = async (connection: Connection): Promise<Page> => {
      const recent = this.#censuses.recent(mailbox, folder);
      const selected = recent && (await connection.select(this.#path(connection, folder), { fresh: false }));
      const census =
        selected && selected.uidValidity === recent?.uidValidity
          ? recent
          : await this.#takeCensus(connection, mailbox, folder);
      if (!census) return { entries: [], total: 0 };
      return fetchPage(connection, census, { box: this.#box(mailbox), folder }, query);
    };
    return this.#access.use(mailbox, list, { signal, repeat: true });
  }

  find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    const find = (connection: Connection) =>
      findEntries(connection, (folder) => this.#path(connection, folder), this.#box(mailbox), query);
    return this.#access.use(mailbox, find, { signal, repeat: true });
  }

  async read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    const find = async (connection: Connection) => {
      const path = this.#path(connection, ref.folder);
      const uid = await selectFolderOf(ref, connection, path);
      const parts = uid === undefined ? undefined : await findParts(connection, uid);
      // A mail that nobody can take apart is broken, not gone.
      const isThere = parts !== undefined || (await locate(connection, path, ref)) !== undefined;
      if (uid === undefined || !isThere) throw messageUnknown(ref);
      return { path, uid, parts: parts ?? [] };
    };
    const { path, uid, parts } = await this.#access.use(ref.mailbox, find, { signal, repeat: true });
    if (parts.length === 0) {
      const where = `${ref.folder} of ${formatMailbox(ref.mailbox)}`;
      throw new VoxpostError(
        "MESSAGE_MALFORMED",
        `message ${ref.key} in ${where} has no audio that can be found`,
      );
    }
    return parts.map((part) => this.#open(part, ref.mailbox, { path, uid }, signal));
  }

  readText(ref: Ref, signal?: AbortSignal): Promise<string | undefined> {
    const read = async (connection: Connection) => {
      const message = await locate(connection, this.#path(connection, ref.folder), ref);
      if (!message) throw messageUnknown(ref);
      return fetchText(connection, message.uid);
    };
    return this.#access.use(ref.mailbox, read, { signal, repeat: true });
  }

  async readExtras(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined> {
    const find = async (connection: Connection) => {
      const path = this.#path(connection, ref.folder);
      const message = await locate(connection, path, ref);
      if (!message) throw messageUnknown(ref);
      const extras = await findExtras(connection, message.uid, ref, this.#options);
      return { path, uid: message.uid, extras };
    };
    const { path, uid, extras } = await this.#access.use(ref.mailbox, find, { signal, repeat: true });
    const fetch = this.#fetcher(ref.mailbox, { path, uid }, signal);
    return extras && cutOnAbort(openExtras(extras, fetch), signal);
  }

  async append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> {
    const { mailbox, audio: _, text: __, extras: ___, ...envelope } = message;
    const encode = (limit: AbortSignal) => encodeMessage(message, this.#options, limit);
    const encoded = await this.#access.within(encode, { signal });
    const store = (connection: Connection) =>
      appendMail(connection, this.#path(connection, folder), encoded, message);
    const key = await this.#changing(mailbox, store, {
      signal,
      repeat: false,
      extraMs: encoded.mail.length / SLOWEST,
    });
    return { ref: { mailbox, folder, key }, envelope: { ...envelope, mailbox, folder } };
  }

  async setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void> {
    const set = (connection: Connection) =>
      changeFlags(connection, this.#path(connection, ref.folder), ref, change);
    await this.#changing(ref.mailbox, set, { signal, repeat: true });
  }

  async move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref> {
    const move = (connection: Connection) =>
      moveMessage(connection, this.#path(connection, ref.folder), this.#path(connection, to), ref);
    const key = await this.#changing(ref.mailbox, move, { signal, repeat: false });
    return { mailbox: ref.mailbox, folder: to, key };
  }

  async remove(ref: Ref, signal?: AbortSignal): Promise<void> {
    const remove = (connection: Connection) =>
      removeMessage(connection, this.#path(connection, ref.folder), ref);
    await this.#changing(ref.mailbox, remove, { signal, repeat: true });
  }

  async readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    const find = async (connection: Connection) => {
      const path = connection.path(greetingFolderNames(this.#options));
      const uid = (await findGreetings(connection, path, this.#box(mailbox), kind)).at(-1);
      const parts = uid === undefined ? [] : await findParts(connection, uid);
      return { path, uid: uid ?? 0, part: parts?.[0] };
    };
    const { part, ...where } = await this.#access.use(mailbox, find, { signal, repeat: true });
    return part && this.#open(part, mailbox, where, signal);
  }

  async writeGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void> {
    const when = new Date();
    const encode = (limit: AbortSignal) =>
      encodeGreeting({ mailbox, kind, audio, when }, this.#options, limit);
    const mail = await this.#access.within(encode, { signal });
    const store = async (connection: Connection) => {
      const path = connection.path(greetingFolderNames(this.#options));
      const old = await findGreetings(connection, path, this.#box(mailbox), kind);
      await storeGreeting(connection, path, old, mail, when);
    };
    await this.#access.use(mailbox, store, { signal, repeat: false, extraMs: mail.length / SLOWEST });
  }

  async removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    const remove = async (connection: Connection) => {
      const path = connection.path(greetingFolderNames(this.#options));
      for (const uid of await findGreetings(connection, path, this.#box(mailbox), kind))
        await deleteUid(connection, uid);
    };
    await this.#access.use(mailbox, remove, { signal, repeat: true });
  }

  async watch(mailbox: MailboxAddress, onChange: () => void, signal: AbortSignal): Promise<void> {
    if (this.#watched >= this.#options.max_watched) {
      const limit = `storage.max_watched (${this.#options.max_watched})`;
      throw new VoxpostError("STORE_REFUSED", `${limit} mailboxes are watched already`, { retryable: true });
    }
    const alive = this.#access.lasting(signal);
    this.#watched++;
    const leave = () => this.#watched--;
    const changed = () => {
      this.#censuses.forget(mailbox);
      onChange();
    };
    const path = (connection: Connection) => this.#path(connection, "INBOX");
    try {
      const manner = { log: this.#log, pollMs: this.#options.poll_ms };
      await watchFolder(() => this.#access.hold(mailbox), path, changed, alive, manner);
      alive.addEventListener("abort", leave, { once: true });
      if (alive.aborted) leave();
    } catch (error) {
      leave();
      throw error;
    }
  }

  async quota(mailbox: MailboxAddress, signal?: AbortSignal): Promise<Quota | undefined> {
    const ask = (connection: Connection) => connection.client.getQuota(this.#path(connection, "INBOX"));
    const answer = await this.#access.use(mailbox, ask, { signal, repeat: true });
    const { usage, limit } = (answer || undefined)?.storage ?? {};
    return usage === undefined || limit === undefined ? undefined : { usedBytes: usage, limitBytes: limit };
  }

  #box(mailbox: MailboxAddress): Box {
    return { mailbox, shared: this.#options.shared };
  }

  #path(connection: Connection, folder: Folder): string {
    return connection.path(folderNames(this.#options, folder));
  }

  async #takeCensus(connection: Connection, mailbox: MailboxAddress, folder: Folder) {
    const census = await takeCensus(connection, this.#path(connection, folder), this.#box(mailbox));
    this.#censuses.keep(mailbox, folder, census);
    return census;
  }

  async #changing<T>(
    mailbox: MailboxAddress,
    action: (connection: Connection) => Promise<T>,
    options: { signal: AbortSignal | undefined; repeat: boolean; extraMs?: number },
  ): Promise<T> {
    try {
      return await this.#access.use(mailbox, action, options);
    } finally {
      this.#censuses.forget(mailbox);
    }
  }

  #open(
    part: FoundPart,
    mailbox: MailboxAddress,
    { path, uid }: { path: string; uid: number },
    signal: AbortSignal | undefined,
  ): AudioPart {
    const opened = openPart(part, this.#fetcher(mailbox, { path, uid }, signal));
    return { ...opened, stream: cutOnAbort(opened.stream, signal) };
  }

  #fetcher(
    mailbox: MailboxAddress,
    { path, uid }: { path: string; uid: number },
    signal: AbortSignal | undefined,
  ): FetchPiece {
    return (piece) =>
      this.#access.use(mailbox, (connection) => fetchPiece(connection, path, uid, piece), {
        signal,
        repeat: true,
      });
  }
}
