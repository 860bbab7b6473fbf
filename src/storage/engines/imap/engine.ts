import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { VoxpostError } from "../../../errors.ts";
import type { Logger } from "../../../log.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, NewMessage } from "../../../model/message.ts";
import type { Capabilities, Engine, Entry, FindQuery, ListQuery, Page, Quota, Ref } from "../../engine.ts";
import { type EncodedMessage, encodeMessage } from "../../mime/encode.ts";
import { countViews } from "../../view.ts";
import { Access } from "./access.ts";
import { appendMail } from "./append.ts";
import { type Box, CensusCache, takeCensus } from "./census.ts";
import { changeFlags, moveMessage, removeMessage } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { findEntries } from "./find.ts";
import { pathOf } from "./folders.ts";
import { Greetings } from "./greetings.ts";
import { fetchPage } from "./listing.ts";
import type { ImapOptions } from "./options.ts";
import { type Dispatch, dispatch } from "./outgoing.ts";
import { Reader } from "./reader.ts";
import { watchFolder } from "./watch.ts";

export interface ImapParts {
  /** Makes a path of the configuration absolute. */
  path(file: string): string;
  /** Folder where a long message waits until its size is known. Default: the system's for temporary files. */
  readonly spool?: string;
  readonly log: Logger;
}

const CAPABILITIES = { greetings: true, watch: true, quota: true, search: true, move: true, writable: true };

/** Voice messages as mail in the owners' own IMAP accounts. docs/engines/imap.md */
export class ImapEngine implements Engine {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #options: ImapOptions;
  readonly #access: Access;
  readonly #reader: Reader;
  readonly #greetings: Greetings;
  readonly #spool: string;
  readonly #log: Logger;
  readonly #censuses = new CensusCache();
  #watched = 0;

  constructor(options: ImapOptions, { path, spool = tmpdir(), log }: ImapParts) {
    this.#options = options;
    this.#log = log;
    this.#spool = spool;
    this.#access = new Access(options, path);
    this.#reader = new Reader(this.#access, options);
    this.#greetings = new Greetings({ access: this.#access, options, reader: this.#reader, spool, log });
    this.name = `imap (${options.host})`;
    this.capabilities = { ...CAPABILITIES, authenticate: options.pins === "server" };
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
    if (this.capabilities.authenticate) this.#access.expectPin(mailbox, signal);
  }

  async count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    const take = (connection: Connection) => this.#takeCensus(connection, mailbox, folder);
    const census = await this.#access.use(mailbox, take, { signal, repeat: true });
    return countViews(census?.messages ?? []);
  }

  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    const list = async (connection: Connection): Promise<Page> => {
      const recent = this.#censuses.recent(mailbox, folder);
      const path = await this.#path(connection, folder);
      const selected = recent && (await connection.select(path, { fresh: false }));
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

  read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    return this.#reader.read(ref, signal);
  }

  readText(ref: Ref, signal?: AbortSignal): Promise<string | undefined> {
    return this.#reader.readText(ref, signal);
  }

  readExtras(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined> {
    return this.#reader.readExtras(ref, signal);
  }

  async append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> {
    const { mailbox, audio: _, text: __, extras: ___, ...envelope } = message;
    const options = this.#options;
    const deposit: Dispatch<EncodedMessage, string> = {
      mailbox,
      folder: this.#spool,
      compose: (limit) => encodeMessage(message, options, limit),
      send: async (connection, mail, { keywords }) => {
        const path = await pathOf(connection, options, folder);
        return appendMail(connection, message, { path, mail, keywords }, this.#log);
      },
    };
    const key = await this.#changing(mailbox, () => dispatch(this.#access, deposit, signal));
    return { ref: { mailbox, folder, key }, envelope: { ...envelope, mailbox, folder } };
  }

  async setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void> {
    const set = async (connection: Connection) =>
      changeFlags(connection, await this.#path(connection, ref.folder), ref, change);
    await this.#changing(ref.mailbox, () => this.#access.use(ref.mailbox, set, { signal, repeat: true }));
  }

  async move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref> {
    const { mailbox } = ref;
    const move = async (connection: Connection) => {
      const [from, target] = [await this.#path(connection, ref.folder), await this.#path(connection, to)];
      return moveMessage(connection, from, target, ref);
    };
    const key = await this.#changing(mailbox, () =>
      this.#access.use(mailbox, move, { signal, repeat: false }),
    );
    return { mailbox, folder: to, key };
  }

  async remove(ref: Ref, signal?: AbortSignal): Promise<void> {
    const remove = async (connection: Connection) =>
      removeMessage(connection, await this.#path(connection, ref.folder), ref);
    await this.#changing(ref.mailbox, () => this.#access.use(ref.mailbox, remove, { signal, repeat: true }));
  }

  readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    return this.#greetings.read(mailbox, kind, signal);
  }

  writeGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#greetings.write(mailbox, kind, audio, signal);
  }

  removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    return this.#greetings.remove(mailbox, kind, signal);
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
    const ask = async (connection: Connection) =>
      connection.client.getQuota(await this.#path(connection, "INBOX"));
    const answer = await this.#access.use(mailbox, ask, { signal, repeat: true });
    const { usage, limit } = (answer || undefined)?.storage ?? {};
    return usage === undefined || limit === undefined ? undefined : { usedBytes: usage, limitBytes: limit };
  }

  #box(mailbox: MailboxAddress): Box {
    return { mailbox, shared: this.#options.shared };
  }

  #path(connection: Connection, folder: Folder): Promise<string> {
    return pathOf(connection, this.#options, folder);
  }

  async #takeCensus(connection: Connection, mailbox: MailboxAddress, folder: Folder) {
    const census = await takeCensus(connection, await this.#path(connection, folder), this.#box(mailbox));
    this.#censuses.keep(mailbox, folder, census);
    return census;
  }

  /** What was counted before a change holds no longer, even if the change failed. */
  async #changing<T>(mailbox: MailboxAddress, change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } finally {
      this.#censuses.forget(mailbox);
    }
  }
}
