import { setMaxListeners } from "node:events";
import { isCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Counts } from "../model/folder.ts";
import { GREETINGS, type GreetingKind } from "../model/greeting.ts";
import { formatMailbox, type MailboxAddress, parseMailbox } from "../model/mailbox.ts";
import type { AudioPart, MessageId } from "../model/message.ts";
import { checkAddress } from "./checks.ts";
import { throwIfAborted } from "./faults.ts";
import { Fold } from "./fold.ts";
import { orAborted } from "./signals.ts";
import {
  type HeldGreeting,
  type SavedGreeting,
  type SavedSnapshot,
  SnapshotFiles,
} from "./snapshot-files.ts";
import { newsOf, type SnapshotNews } from "./snapshot-news.ts";
import type { Change, Store } from "./store.ts";

/** What a call needs to know of a mailbox before the beep. */
export interface Snapshot {
  /** Those that are known; of the others the stock greeting is played. */
  readonly greetings: Readonly<Partial<Record<GreetingKind, SnapshotGreeting>>>;
  /** The INBOX's, as the store last told; undefined when it never did. A lamp wants a refresh first. */
  readonly counts?: Counts;
  /** Takes no more messages. False whenever that is not known for certain. */
  readonly full: boolean;
}

interface SnapshotGreeting {
  /** On this machine's disk; it stays there until the greeting has been replaced twice. */
  readonly path: string;
  readonly contentType: string;
  /** Seconds, when known. */
  readonly duration?: number;
}

/** A greeting that is in force before its store has it. */
export interface Hold {
  readonly mailbox: MailboxAddress;
  readonly kind: GreetingKind;
  /** The recording's. */
  readonly id: MessageId;
  /** Configured name of the Asterisk on whose disk it lies until the store has acknowledged it. */
  readonly asterisk: string;
  readonly recordedAt: Date;
}

/** Greetings in force at once, whether or not their store can be reached. A hold survives the program. */
export interface GreetingHolds {
  /** From now on callers hear this one, unless a newer one is held. Reads the audio to its end. */
  hold(hold: Hold, audio: AudioPart): Promise<void>;
  /** The store has it: from now on the store is believed again. Does nothing when another one is held by now. */
  release(hold: Pick<Hold, "mailbox" | "kind" | "id">): Promise<void>;
  /** Callers hear it no more, whether it was held or stored. */
  drop(mailbox: MailboxAddress, kind: GreetingKind): Promise<void>;
  /** Those that are known since the start: those of this program, and of mailboxes that were looked at. */
  holds(): readonly Hold[];
}

/** What of a mailbox is read again. */
export type Refreshed = Change | "all";

export interface Snapshots {
  /** Answers from the local disk alone, and never fails: a mailbox of which nothing is known has no greeting and is not full. */
  get(mailbox: MailboxAddress): Promise<Snapshot>;
  /**
   * Reads the mailbox again from the store (default: all of it), keeps that and answers it. Requests for one mailbox
   * are folded. @throws what the store throws; then the old snapshot stays
   */
  refresh(mailbox: MailboxAddress, signal?: AbortSignal, what?: Refreshed): Promise<Snapshot>;
}

export interface DiskSnapshotsParts {
  readonly store: Store;
  /** The snapshots' own folder; made when it does not exist. */
  readonly folder: string;
  /** Most messages in the INBOX; undefined, and 0 (a mailbox that only greets: the menu's affair), never make it full. */
  readonly maxMessages: (mailbox: MailboxAddress) => number | undefined;
  readonly log: Logger;
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
  /** Told what has changed, for other programs' `learn`. */
  readonly onNews?: (news: SnapshotNews) => void;
  /** How many mailboxes are read at once. Default 4. */
  readonly atOnce?: number;
}

const MINUTE = 60_000;
/** "Full" turns callers away, so it is believed only as long as somebody with a mail program can hardly have made room. */
const FULL_BELIEVED_MS = 60 * MINUTE;
/** While the store is away owners keep their greetings; after a month nobody knows whether they still want them. */
const GREETINGS_BELIEVED_MS = 30 * 24 * 60 * MINUTE;

export class DiskSnapshots implements Snapshots, GreetingHolds {
  readonly #store: Store;
  readonly #files: SnapshotFiles;
  readonly #maxMessages: DiskSnapshotsParts["maxMessages"];
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #onNews: (news: SnapshotNews) => void;
  readonly #refreshes: Fold<Refreshed, Snapshot>;
  readonly #closing = new AbortController();
  /** Changes of one mailbox's file are made one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>();
  readonly #holds = new Map<MessageId, Hold>();

  constructor({
    store,
    folder,
    maxMessages,
    log,
    now = Date.now,
    onNews = () => {},
    atOnce = 4,
  }: DiskSnapshotsParts) {
    this.#onNews = onNews;
    this.#store = store;
    this.#files = new SnapshotFiles(folder);
    this.#maxMessages = maxMessages;
    this.#log = log;
    this.#now = now;
    // Every refresh that is under way listens to it, and many may be.
    setMaxListeners(0, this.#closing.signal);
    this.#refreshes = new Fold(atOnce, (key, what) => this.#read(parseMailbox(key), what));
  }

  /** From now on every change that goes through the store is followed. Returns the way to stop. */
  follow(): () => void {
    const stop = this.#store.onChange((mailbox, what) => this.#follow(mailbox, what));
    return () => {
      stop();
      this.#closing.abort();
    };
  }

  /** Takes over what another program has found. */
  async learn({ mailbox, messages, greetings }: SnapshotNews): Promise<void> {
    if (messages) {
      await this.#change(mailbox, (saved) =>
        messages.messagesAt >= saved.messagesAt ? { ...saved, ...messages } : saved,
      );
    }
    if (greetings) this.#follow(mailbox, "greetings");
  }

  async get(mailbox: MailboxAddress): Promise<Snapshot> {
    return this.#judge(mailbox, await this.#files.read(mailbox));
  }

  async hold({ mailbox, kind, id, asterisk, recordedAt }: Hold, audio: AudioPart): Promise<void> {
    const kept = await this.#files.keepGreeting(mailbox, kind, audio);
    const held: HeldGreeting = { ...kept, id, asterisk, recordedAt: recordedAt.getTime() };
    await this.#change(mailbox, (saved) => {
      const newer = (saved.held[kind]?.recordedAt ?? 0) > held.recordedAt;
      return newer ? saved : { ...saved, held: { ...saved.held, [kind]: held } };
    });
  }

  async release({ mailbox, kind, id }: Pick<Hold, "mailbox" | "kind" | "id">): Promise<void> {
    await this.#change(mailbox, (saved) => {
      const { [kind]: held, ...others } = saved.held;
      if (held?.id !== id) return saved;
      const { file, contentType, duration } = held;
      const greeting = { file, contentType, ...(duration === undefined ? {} : { duration }) };
      // Until the store has been read again this is what it says.
      const greetings = { ...saved.greetings, [kind]: greeting };
      return { ...saved, greetings, held: others, greetingsAt: this.#now() };
    });
    this.#holds.delete(id);
  }

  async drop(mailbox: MailboxAddress, kind: GreetingKind): Promise<void> {
    await this.#change(mailbox, (saved) => {
      const { [kind]: _, ...greetings } = saved.greetings;
      const { [kind]: held, ...others } = saved.held;
      if (held) this.#holds.delete(held.id);
      return { ...saved, greetings, held: others };
    });
  }

  holds(): readonly Hold[] {
    return [...this.#holds.values()];
  }

  #follow(mailbox: MailboxAddress, what: Change): void {
    this.refresh(mailbox, this.#closing.signal, what).catch((error: unknown) => {
      if (isCode(error, "ABORTED")) return;
      this.#log.warn({ err: error, mailbox: formatMailbox(mailbox) }, "A snapshot could not be refreshed");
    });
  }

  async #change(
    mailbox: MailboxAddress,
    change: (saved: SavedSnapshot) => SavedSnapshot,
  ): Promise<SavedSnapshot> {
    const key = formatMailbox(mailbox);
    const work = (this.#changes.get(key) ?? Promise.resolve()).then(async () => {
      const before = await this.#files.read(mailbox);
      const after = change(before);
      if (after !== before) await this.#files.write(mailbox, after);
      this.#note(mailbox, after);
      return after;
    });
    const settled = work.catch(() => undefined);
    this.#changes.set(key, settled);
    void settled.then(() => {
      if (this.#changes.get(key) === settled) this.#changes.delete(key);
    });
    return work;
  }

  #note(mailbox: MailboxAddress, { held }: SavedSnapshot): void {
    for (const kind of GREETINGS) {
      const found = held[kind];
      if (!found) continue;
      const { id, asterisk, recordedAt } = found;
      this.#holds.set(id, { mailbox, kind, id, asterisk, recordedAt: new Date(recordedAt) });
    }
  }

  async refresh(
    mailbox: MailboxAddress,
    signal: AbortSignal = this.#closing.signal,
    what: Refreshed = "all",
  ): Promise<Snapshot> {
    checkAddress(mailbox);
    throwIfAborted(signal);
    return orAborted(this.#refreshes.request(formatMailbox(mailbox), what), signal);
  }

  async #read(mailbox: MailboxAddress, what: ReadonlySet<Refreshed>): Promise<Snapshot> {
    const before = await this.#files.read(mailbox);
    const messages = what.has("all") || what.has("messages") ? await this.#readMessages(mailbox) : {};
    const greetings =
      what.has("all") || what.has("greetings") ? await this.#readGreetings(mailbox, before) : {};
    const change = (now: SavedSnapshot) => ({ ...now, ...messages, ...greetings });
    const after = await this.#change(mailbox, change);
    const news = newsOf(mailbox, before, after);
    if (news) this.#onNews(news);
    return this.#judge(mailbox, after);
  }

  async #readMessages(mailbox: MailboxAddress): Promise<Partial<SavedSnapshot>> {
    const messagesAt = this.#now();
    const signal = this.#closing.signal;
    const [counts, quota] = await Promise.all([
      this.#store.counts(mailbox, "INBOX", signal),
      this.#store.quota(mailbox, signal),
    ]);
    return { messagesAt, counts, quotaReached: quota !== undefined && quota.usedBytes >= quota.limitBytes };
  }

  async #readGreetings(mailbox: MailboxAddress, before: SavedSnapshot): Promise<Partial<SavedSnapshot>> {
    const greetingsAt = this.#now();
    if (!this.#store.capabilities.greetings) return { greetingsAt, greetings: {} };
    const greetings: Partial<Record<GreetingKind, SavedGreeting>> = {};
    for (const kind of GREETINGS) {
      const greeting = await this.#readGreeting(mailbox, kind, before);
      if (greeting) greetings[kind] = greeting;
    }
    return { greetingsAt, greetings };
  }

  async #readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    before: SavedSnapshot,
  ): Promise<SavedGreeting | undefined> {
    try {
      const audio = await this.#store.greeting(mailbox, kind, this.#closing.signal);
      return audio && (await this.#files.keepGreeting(mailbox, kind, audio));
    } catch (error) {
      if (!isCode(error, "MESSAGE_MALFORMED")) throw error;
      this.#log.warn({ err: error, mailbox: formatMailbox(mailbox), kind }, "A greeting cannot be read");
      return before.greetings[kind];
    }
  }

  /** What of a saved snapshot can still be believed. */
  #judge(mailbox: MailboxAddress, saved: SavedSnapshot): Snapshot {
    const { counts, quotaReached } = saved;
    const now = this.#now();
    const max = this.#maxMessages(mailbox) || Number.POSITIVE_INFINITY;
    const total = counts ? counts.urgent + counts.new + counts.old : 0;
    const fresh = now - saved.messagesAt < FULL_BELIEVED_MS;
    const greetings: Partial<Record<GreetingKind, SnapshotGreeting>> = {};
    const believed = now - saved.greetingsAt < GREETINGS_BELIEVED_MS;
    for (const kind of GREETINGS) {
      const greeting = saved.held[kind] ?? (believed ? saved.greetings[kind] : undefined);
      if (!greeting) continue;
      const { file, contentType, duration } = greeting;
      const path = this.#files.path(mailbox, file);
      greetings[kind] = { path, contentType, ...(duration === undefined ? {} : { duration }) };
    }
    return { greetings, full: fresh && (quotaReached || total >= max), ...(counts ? { counts } : {}) };
  }
}
