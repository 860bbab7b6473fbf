import type { Counts, Folder } from "../model/folder.ts";
import type { GreetingKind } from "../model/greeting.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, MessageId, NewMessage } from "../model/message.ts";
import type { Capabilities, Entry, FindQuery, ListQuery, Page, Quota } from "./engine.ts";

/**
 * What menus, jobs and the command line call. Holds once, for all engines: every check of arguments, the meaning of
 * deleting, idempotent deposits, and the event after each change. Errors are those of the closed list.
 */
export interface Store {
  readonly capabilities: Capabilities;

  open(): Promise<void>;
  close(): Promise<void>;
  /** @throws STORE_UNREACHABLE, STORE_TIMEOUT, STORE_REFUSED */
  check(signal?: AbortSignal): Promise<void>;

  /** @throws PIN_WRONG, also for mailboxes that do not exist, after the same work. */
  authenticate(mailbox: MailboxAddress, pin: string, signal?: AbortSignal): Promise<void>;

  /** Somebody is entering a PIN for this mailbox: `authenticate` may get ready, until the signal fires. Returns at once. */
  expect(mailbox: MailboxAddress, signal: AbortSignal): void;

  counts(mailbox: MailboxAddress, folder?: Folder, signal?: AbortSignal): Promise<Counts>;
  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page>;
  /** By our own id, in every folder and the trash. `receivedSince` makes it cheap; give it when it is known. */
  find(
    mailbox: MailboxAddress,
    id: MessageId,
    options?: { receivedSince?: Date; signal?: AbortSignal },
  ): Promise<Entry | undefined>;
  /** By caller, time, length, flags, folder or words of the text (`FindQuery`); oldest call first. */
  search(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]>;
  /** In the order in which it is heard. Streams; the caller reads or destroys each. */
  audio(entry: Entry, signal?: AbortSignal): Promise<AudioPart[]>;

  /**
   * Stores a message once: a message with this id that is anywhere in the mailbox already, the trash included, is not
   * stored again. Resolves only when it is durable. The caller holds custody's lock for (mailbox, id). `untried`: nobody has tried
   * before, so the owner cannot have moved it, and only the INBOX is searched. Default: false.
   */
  deposit(
    message: NewMessage,
    signal?: AbortSignal,
    options?: { untried?: boolean | undefined },
  ): Promise<{ entry: Entry; existed: boolean }>;
  mark(entry: Entry, change: Partial<Flags>, signal?: AbortSignal): Promise<Entry>;
  move(entry: Entry, to: Folder, signal?: AbortSignal): Promise<Entry>;
  /** What owners call delete: to the Trash folder, out of every count and menu, to be got back until it is purged. */
  trash(entry: Entry, signal?: AbortSignal): Promise<Entry>;
  /** For good. */
  purge(entry: Entry, signal?: AbortSignal): Promise<void>;

  greeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<AudioPart | undefined>;
  setGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void>;
  removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void>;

  /** Room left; undefined when the engine does not tell. */
  quota(mailbox: MailboxAddress, signal?: AbortSignal): Promise<Quota | undefined>;

  /** After each change that went through this store. Returns the way to stop listening. */
  onChange(listener: (mailbox: MailboxAddress, what: Change) => void): () => void;
}

/** What a change may have touched; a lamp needs the first only. */
export type Change = "messages" | "greetings";
