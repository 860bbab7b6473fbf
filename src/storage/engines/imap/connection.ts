import {
  type FetchMessageObject,
  type FetchQueryObject,
  ImapFlow,
  type MailboxObject,
  type NamespaceObject,
} from "imapflow";
import { VoxpostError } from "../../../errors.ts";
import { aborted } from "../../faults.ts";
import type { Login } from "./account.ts";
import { clientSettings } from "./client.ts";
import { hidden, toFault } from "./faults.ts";
import type { ImapOptions } from "./options.ts";
import { askNamespace, takeShortcuts } from "./shortcuts.ts";

/** Longest wait for the answer to LOGOUT, milliseconds. */
const GOODBYE_MS = 2_000;
/** Folders come and go rarely. Milliseconds. */
const FOLDERS_RECENT_MS = 60_000;

/**
 * One logged-in IMAP connection. imapflow answers many refused commands with `false` and only logs why, so the log is
 * listened to and `ask` throws what it said. Nothing of it may reach a real log: it holds callers' words.
 */
export class Connection {
  readonly client: ImapFlow;
  /** When the last command ended; milliseconds since the epoch. */
  usedAt = Date.now();
  readonly #complaint: { error?: unknown };
  /** Nothing was asked since the server told what is new: a connection that was just proved alive need not ask again. */
  #isFresh = false;
  #folders = { paths: new Set<string>(), heardAt: 0 };

  /** For whoever opens it in another way than `open`. `complaint` takes what imapflow logs. */
  constructor(client: ImapFlow, complaint: { error?: unknown }) {
    this.client = client;
    this.#complaint = complaint;
  }

  /** @throws VoxpostError, or imapflow's own AuthenticationFailure */
  static async open(
    options: ImapOptions,
    path: (file: string) => string,
    login: Login,
    signal: AbortSignal,
  ): Promise<Connection> {
    const complaint: { error?: unknown } = {};
    const client = new ImapFlow(await clientSettings(options, path, login, complaint));
    takeShortcuts(client, { forPin: login.originatingIp !== undefined });
    // An 'error' event that nobody listens to ends the process.
    client.on("error", (error) => {
      complaint.error = error;
    });
    const connection = new Connection(client, complaint);
    await connection.bounded(signal, () => client.connect());
    if (login.authzid !== undefined && !usedPlain(client)) {
      client.close();
      throw new VoxpostError(
        "STORE_REFUSED",
        `${options.host} did not let ${login.user} act for a mailbox: it must offer AUTH=PLAIN`,
        { retryable: true },
      );
    }
    return connection;
  }

  get usable(): boolean {
    return this.client.usable && !this.client.isClosed;
  }

  /** Runs `action`; when the signal fires the connection is closed, as IMAP has no way to take a command back. */
  async bounded<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw aborted(signal);
    const cut = () => this.client.close();
    signal.addEventListener("abort", cut, { once: true });
    try {
      return await action();
    } catch (error) {
      throw signal.aborted ? aborted(signal) : error;
    } finally {
      signal.removeEventListener("abort", cut);
      this.usedAt = Date.now();
    }
  }

  /** The result of a command; `what` is for people. @throws VoxpostError instead of a false or missing result */
  async ask<T>(what: string, command: (client: ImapFlow) => Promise<T | false | undefined>): Promise<T> {
    this.#complaint.error = undefined;
    this.#isFresh = false;
    let result: T | false | undefined;
    try {
      result = await command(this.client);
    } catch (error) {
      throw toFault(error, what);
    }
    if (result !== false && result !== undefined) return result;
    if (this.#complaint.error || !this.usable) throw toFault(this.#complaint.error, what);
    throw new VoxpostError("STORE_REFUSED", what, { retryable: true });
  }

  /**
   * What is asked for of messages, by UID. A server may tell of changed flags in between, which imapflow gives as messages
   * of their own without what was asked for: they are joined with the whole ones, and never taken for them.
   */
  async fetch(
    what: string,
    range: string,
    query: FetchQueryObject,
    { binary = false }: { binary?: boolean } = {},
  ): Promise<FetchMessageObject[]> {
    const rows = await this.ask(what, (client) =>
      client.fetchAll(range, { uid: true, ...query }, { uid: true, binary }),
    );
    const mails = new Map<number, FetchMessageObject>();
    for (const row of rows) {
      const told = Object.entries(row).filter(([, value]) => value !== undefined);
      if (row.uid)
        mails.set(row.uid, { ...mails.get(row.uid), ...Object.fromEntries(told) } as FetchMessageObject);
    }
    const asked = Object.keys(query) as (keyof FetchQueryObject & keyof FetchMessageObject)[];
    return [...mails.values()].filter((mail) => asked.every((key) => mail[key] !== undefined));
  }

  /**
   * Makes a folder the selected one and returns it, or undefined when it does not exist. `fresh` asks the server for
   * changes that others made even when it is selected already: one round trip either way.
   */
  async select(path: string, { fresh = true } = {}): Promise<MailboxObject | undefined> {
    const { mailbox } = this.client;
    if (mailbox && mailbox.path === path && !mailbox.readOnly) {
      if (fresh && !this.#isFresh) await this.noop();
      // Fresh for one question only: a folder that was found empty asks nothing more, and would stay empty for ever.
      this.#isFresh = false;
      if (this.client.mailbox) return this.client.mailbox;
    }
    this.#knowFolder(path);
    try {
      return await this.ask(`the folder "${path}" cannot be opened`, (client) => client.mailboxOpen(path));
    } catch (error) {
      const raw = (error as VoxpostError).cause as { mailboxMissing?: boolean } | undefined;
      if (!raw?.mailboxMissing) throw error;
      // Every account has one (RFC 9051 5.1): to take it for empty would hide all messages.
      if (path === "INBOX") throw hidden(path, error);
      return undefined;
    }
  }

  /**
   * Paths of the account's folders; INBOX is always there, though servers that put everything below it do not list it.
   * `recent`: what was heard within the last minute will do, which saves a question. LIST-STATUS (RFC 5819) is not asked
   * for: it would have the server open every folder of the owner's to tell us of our few.
   */
  async folders({ recent }: { recent: boolean }): Promise<ReadonlySet<string>> {
    if (recent && Date.now() - this.#folders.heardAt < FOLDERS_RECENT_MS) return this.#folders.paths;
    await this.#namespace();
    const listed = await this.ask("the folders cannot be listed", (client) =>
      client.list({ listOnly: true }),
    );
    const paths = new Set(["INBOX", ...listed.map(({ path }) => path)]);
    this.#folders = { paths, heardAt: Date.now() };
    return paths;
  }

  async makeFolder(path: string): Promise<void> {
    await this.ask(`the folder "${path}" cannot be made`, (client) => client.mailboxCreate(path));
    this.#folders.paths.add(path);
  }

  /** @throws VoxpostError STORE_UNREACHABLE when the connection is dead */
  async noop(): Promise<void> {
    await this.ask("the connection is lost", async (client) => {
      await client.noop();
      return client.usable;
    });
    this.#isFresh = true;
  }

  /**
   * Full path of a folder, from its names: the namespace's prefix and delimiter are the server's. It is asked for them once, and
   * never by who needs INBOX alone.
   */
  async path(names: readonly string[]): Promise<string> {
    if (names.length === 1 && names[0]?.toUpperCase() === "INBOX") return "INBOX";
    const { prefix = "", delimiter } = await this.#namespace();
    return `${prefix}${names.join(delimiter || "/")}`;
  }

  /** Says goodbye when the server still listens; never rejects. */
  async end(): Promise<void> {
    const impatience = setTimeout(() => this.client.close(), GOODBYE_MS);
    try {
      if (this.usable) await this.client.logout();
    } catch {
      // It is gone either way.
    } finally {
      clearTimeout(impatience);
      this.client.close();
    }
  }

  async #namespace(): Promise<NamespaceObject> {
    return this.client.namespace || this.ask("the folders' names cannot be told", askNamespace);
  }

  /** Before the first SELECT of a folder imapflow asks LIST and LSUB for ornaments; two round trips that we can do without. */
  #knowFolder(path: string): void {
    const { folders } = this.client as unknown as { folders?: Map<string, object> };
    if (folders && !folders.has(path)) folders.set(path, {});
  }
}

/** Where a server offers no SASL at all, imapflow falls back to LOGIN, which cannot act for another. */
function usedPlain(client: ImapFlow): boolean {
  const { authCapabilities } = client as unknown as { authCapabilities?: Map<string, boolean> };
  return authCapabilities?.get("AUTH=PLAIN") === true;
}
