import type { Readable } from "node:stream";
import type { Counts, Folder, View } from "../model/folder.ts";
import type { GreetingKind } from "../model/greeting.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { AudioPart, AudioSource, Envelope, Flags, MessageId, NewMessage } from "../model/message.ts";

/**
 * What an engine's author writes. An engine is thin: it deals in voice messages (an envelope and its audio parts),
 * says honestly what it can do, and throws errors of the closed list in `errors.ts`. Checks of arguments, defaults,
 * idempotence, events and metrics live once, in `store.ts` above it.
 *
 * What engines share: `signals.ts` (Operations: cancelled and closed), `streams.ts` (cutOnAbort, around each source that is read),
 * `view.ts` (counts and pages), `match.ts` (search), `faults.ts` (the same errors in the same words), `disk.ts`.
 *
 * Deliberately not in this contract: what "deleted" means to an owner (the store moves to Trash and purges later),
 * who may read what, retries and time limits (layers), and any knowledge of calls.
 */
export interface Engine {
  /** For logs and `voxpost doctor`: the scheme, and where it leads. Holds no secret. */
  readonly name: string;
  readonly capabilities: Capabilities;

  // --- Life -------------------------------------------------------------------------------------------------------

  /** Prepares local things only. A server that is away is no reason to fail: callers must still be served. */
  open(): Promise<void>;
  /** Ends every connection and timer; running operations reject with ABORTED. */
  close(): Promise<void>;
  /** Asks the backend one cheap question. @throws STORE_UNREACHABLE, STORE_TIMEOUT, STORE_REFUSED */
  check(signal?: AbortSignal): Promise<void>;

  // --- Mailbox ----------------------------------------------------------------------------------------------------

  /** Whether the PIN is this mailbox's. Required when `capabilities.authenticate`. Never logs or keeps the PIN in clear. */
  authenticate?(mailbox: MailboxAddress, pin: string, signal?: AbortSignal): Promise<boolean>;
  /**
   * Somebody is entering a PIN for this mailbox: what `authenticate` can have ready by then is got ready, and kept until the signal
   * fires. Returns at once, and never fails. Left out where nothing can be saved.
   */
  expect?(mailbox: MailboxAddress, signal: AbortSignal): void;
  /**
   * Every mailbox that has something here, in any order, each at least once. Left out by engines that cannot tell (a
   * mail server's accounts); whoever needs all of them asks the configuration as well.
   */
  mailboxes?(signal?: AbortSignal): AsyncIterable<MailboxAddress>;

  // --- Listing: from headers alone; never touches audio, never changes a flag -----------------------------------------

  /** The three disjoint counts of a folder; zeros when the folder does not exist yet. */
  count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts>;
  /** One page of a folder, oldest first (time of the call, then arrival). Its cost follows the page, not the folder. */
  list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page>;
  /** Messages of all folders, Trash included, that fit the query, in any order. */
  find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]>;

  // --- Messages -----------------------------------------------------------------------------------------------------

  /** Opens the audio parts in the order in which they are heard (comments first). @throws MESSAGE_UNKNOWN */
  read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]>;
  /** The message's `text`, for copies of it. Left out by engines that keep none. @throws MESSAGE_UNKNOWN */
  readText?(ref: Ref, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The message's `extras`, for copies of it; undefined when it has none. The stream must be read or destroyed. Left out by
   * engines that keep none, and then messages that have some are not moved there. @throws MESSAGE_UNKNOWN
   */
  readExtras?(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined>;
  /**
   * Stores durably before it resolves: afterwards a power cut loses nothing. When a source fails, its own error is thrown; then,
   * and when the signal fires or the engine is closed, nothing of the message is in sight. @throws STORE_FULL, STORE_REFUSED
   */
  append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry>;
  /** A flag that is not named stays, also when somebody else changes it in this moment. @throws MESSAGE_UNKNOWN */
  setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void>;
  /** Within one mailbox; at every moment the message is in at least one of the two folders. Resolves to its new ref. @throws MESSAGE_UNKNOWN */
  move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref>;
  /** For good, and this message only. Removing what is gone already succeeds. */
  remove(ref: Ref, signal?: AbortSignal): Promise<void>;

  // --- Greetings: required when `capabilities.greetings` ----------------------------------------------------------------

  readGreeting?(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined>;
  writeGreeting?(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void>;
  removeGreeting?(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void>;

  // --- Changes that others make: required when `capabilities.watch` -------------------------------------------------------

  /**
   * Resolves once it is watching; from then on calls back after a change in the mailbox's INBOX, until the signal
   * aborts. May call too often, never too seldom.
   */
  watch?(mailbox: MailboxAddress, onChange: () => void, signal: AbortSignal): Promise<void>;

  /** Room left, when the backend tells. Required when `capabilities.quota`. */
  quota?(mailbox: MailboxAddress, signal?: AbortSignal): Promise<Quota | undefined>;
  /** Bytes that can still be written, all mailboxes together (a disk's free space). Left out where nothing tells. */
  freeBytes?(signal?: AbortSignal): Promise<number>;

  // --- Upkeep: composites have it, and pass it on to the engines inside ---------------------------------------------------

  /** Finishes what was left undone, and moves what is to be moved. For a periodic task: cheap when there is nothing to do. */
  tidy?(mailbox: MailboxAddress, report: Report, signal?: AbortSignal): Promise<void>;
  /** As `tidy`, and compares everything that is kept more than once. For `voxpost storage check --repair`. */
  repair?(mailbox: MailboxAddress, report: Report, signal?: AbortSignal): Promise<void>;
}

/** Takes what was found, and whether it could be put right. */
export type Report = (finding: {
  readonly what: string;
  readonly id?: MessageId;
  readonly done: boolean;
}) => void;

/** What an engine does natively. What it lacks the layer above does, or refuses with UNSUPPORTED; nothing is assumed. */
export interface Capabilities {
  /** Checks PINs itself (IMAP login). */
  readonly authenticate: boolean;
  readonly greetings: boolean;
  /** Tells of changes that others make. */
  readonly watch: boolean;
  readonly quota: boolean;
  /** `find` is answered by an index or by the server, not by reading every message. */
  readonly search: boolean;
  /** `move` is one atomic operation of the backend. */
  readonly move: boolean;
  readonly writable: boolean;
}

/**
 * Where a message is now. `key` means something to its engine only (a UID, a path); it is valid until the message moves.
 * The message's identity is `Envelope.id`.
 */
export interface Ref {
  readonly mailbox: MailboxAddress;
  readonly folder: Folder;
  readonly key: string;
}

export interface Entry {
  readonly ref: Ref;
  readonly envelope: Envelope;
}

export interface ListQuery {
  readonly view: View;
  /** At most this many entries. */
  readonly limit: number;
  /** `next` of the page before; undefined for the first. Stays valid when messages come or go meanwhile. */
  readonly after?: string;
}

export interface Page {
  readonly entries: readonly Entry[];
  /** Messages in the view at this moment, all pages together. */
  readonly total: number;
  /** Undefined when this is the last page. */
  readonly next?: string;
}

/**
 * A message is found when every given field fits; with none given, all are. What fits is written down in `match.ts`. An
 * engine asks its server or database for what that can tell, and checks what comes back with `match.ts`.
 */
export interface FindQuery {
  readonly id?: MessageId;
  /** Only messages of calls at or after this time; a search may be much cheaper with it. */
  readonly receivedSince?: Date;
  /** Only messages of calls before this time. */
  readonly receivedBefore?: Date;
  /** Default: every folder, Trash included. */
  readonly folders?: readonly Folder[];
  /**
   * The caller's number or name. With `*` (anything) or `?` (one character) in it the whole of one of them, else a
   * part of one. Case does not count.
   */
  readonly caller?: string;
  /** Whole seconds, as short or as long as this included. */
  readonly minDuration?: number;
  readonly maxDuration?: number;
  readonly heard?: boolean;
  readonly urgent?: boolean;
  /** Words that all stand in the message's `text`, in any order, also within longer words. Case does not count. */
  readonly words?: string;
}

export interface Quota {
  readonly usedBytes: number;
  readonly limitBytes: number;
}
