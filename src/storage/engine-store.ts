import { isCode, VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Counts, Folder } from "../model/folder.ts";
import type { GreetingKind } from "../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, MessageId, NewMessage } from "../model/message.ts";
import {
  checkAddress,
  checkFolder,
  checkMessage,
  checkQuery,
  checkSearch,
  isAddress,
  mend,
} from "./checks.ts";
import type { Capabilities, Engine, Entry, FindQuery, ListQuery, Page, Quota } from "./engine.ts";
import { type TimeLimits, withTimeout } from "./layers/timeout.ts";
import type { Pins } from "./pins.ts";
import type { Change, Store } from "./store.ts";
import { cutOnAbort } from "./streams.ts";

export interface EngineStoreParts {
  readonly engine: Engine;
  /** Asked when the engine cannot check PINs itself. */
  readonly pins: Pins;
  readonly log: Logger;
  readonly limits?: TimeLimits;
  /** Whoever is told of changes. Default: those who ask this store. */
  readonly listeners?: Set<Listener>;
}

type Listener = (mailbox: MailboxAddress, what: Change) => void;

const DAY_MS = 24 * 60 * 60 * 1000;

/** The store over one engine, which may be a composite of many. */
export class EngineStore implements Store {
  readonly capabilities: Capabilities;
  readonly #engine: Engine;
  readonly #pins: Pins;
  readonly #log: Logger;
  readonly #listeners: Set<Listener>;
  readonly #parts: EngineStoreParts;

  constructor(parts: EngineStoreParts) {
    const { engine, pins, log, limits, listeners = new Set() } = parts;
    this.capabilities = engine.capabilities;
    this.#engine = withTimeout(engine, limits);
    this.#pins = pins;
    this.#log = log;
    this.#listeners = listeners;
    this.#parts = parts;
  }

  /**
   * The same store with other limits of time, for work for which nobody waits on the telephone: a mail server that takes seconds for
   * each answer still gets its messages. Opened and closed by the original.
   */
  withLimits(limits: TimeLimits): EngineStore {
    return new EngineStore({ ...this.#parts, limits, listeners: this.#listeners });
  }

  open(): Promise<void> {
    return this.#engine.open();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  check(signal?: AbortSignal): Promise<void> {
    return this.#engine.check(signal);
  }

  async authenticate(mailbox: MailboxAddress, pin: string, signal?: AbortSignal): Promise<void> {
    const right = isAddress(mailbox) && (await this.#verify(mailbox, pin, signal));
    if (!right) throw new VoxpostError("PIN_WRONG", "The mailbox and PIN that were entered do not match");
  }

  expect(mailbox: MailboxAddress, signal: AbortSignal): void {
    if (isAddress(mailbox)) this.#engine.expect?.(mailbox, signal);
  }

  async #verify(mailbox: MailboxAddress, pin: string, signal?: AbortSignal): Promise<boolean> {
    const { capabilities } = this.#engine;
    if (!capabilities.authenticate || !this.#engine.authenticate) return this.#pins.verify(mailbox, pin);
    try {
      return await this.#engine.authenticate(mailbox, pin, signal);
    } catch (error) {
      // Whoever tries numbers must not learn which exist.
      if (isCode(error, "MAILBOX_UNKNOWN")) return false;
      // A server told only now that it checks no PINs.
      if (isCode(error, "UNSUPPORTED")) return this.#pins.verify(mailbox, pin);
      throw error;
    }
  }

  async counts(mailbox: MailboxAddress, folder: Folder = "INBOX", signal?: AbortSignal): Promise<Counts> {
    checkAddress(mailbox);
    checkFolder(folder);
    return this.#engine.count(mailbox, folder, signal);
  }

  async list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    checkAddress(mailbox);
    checkFolder(folder);
    const page = await this.#engine.list(mailbox, folder, checkQuery(query), signal);
    return { ...page, entries: page.entries.map((entry) => this.#mended(entry)) };
  }

  async find(
    mailbox: MailboxAddress,
    id: MessageId,
    options: { receivedSince?: Date; signal?: AbortSignal } = {},
  ): Promise<Entry | undefined> {
    checkAddress(mailbox);
    const { signal, ...since } = options;
    const [entry] = await this.#engine.find(mailbox, { id, ...since }, signal);
    return entry && this.#mended(entry);
  }

  async search(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    checkAddress(mailbox);
    const found = await this.#engine.find(mailbox, checkSearch(query), signal);
    const timeOf = ({ envelope }: Entry) => envelope.receivedAt.getTime();
    return found.map((entry) => this.#mended(entry)).sort((a, b) => timeOf(a) - timeOf(b));
  }

  async audio(entry: Entry, signal?: AbortSignal): Promise<AudioPart[]> {
    const parts = await this.#engine.read(entry.ref, signal);
    return parts.map((part) => ({ ...part, stream: cutOnAbort(part.stream, signal) }));
  }

  async deposit(
    message: NewMessage,
    signal?: AbortSignal,
    { untried = false }: { untried?: boolean | undefined } = {},
  ): Promise<{ entry: Entry; existed: boolean }> {
    this.#checkWritable();
    checkMessage(message);
    const { mailbox, id, receivedAt } = message;
    const where = untried ? { folders: ["INBOX"] as const } : {};
    const query = { id, receivedSince: dayBefore(receivedAt), ...where };
    const [stored] = await this.#engine.find(mailbox, query, signal);
    if (stored) return { entry: this.#mended(stored), existed: true };
    const entry = await this.#engine.append("INBOX", message, signal);
    this.#changed(message.mailbox, "messages");
    return { entry, existed: false };
  }

  async mark(entry: Entry, change: Partial<Flags>, signal?: AbortSignal): Promise<Entry> {
    this.#checkWritable();
    await this.#engine.setFlags(entry.ref, change, signal);
    this.#changed(entry.ref.mailbox, "messages");
    const { heard = entry.envelope.heard, urgent = entry.envelope.urgent } = change;
    return { ref: entry.ref, envelope: { ...entry.envelope, heard, urgent } };
  }

  async move(entry: Entry, to: Folder, signal?: AbortSignal): Promise<Entry> {
    this.#checkWritable();
    checkFolder(to);
    if (to === entry.ref.folder) return entry;
    const ref = await this.#engine.move(entry.ref, to, signal);
    this.#changed(entry.ref.mailbox, "messages");
    return { ref, envelope: { ...entry.envelope, folder: to } };
  }

  trash(entry: Entry, signal?: AbortSignal): Promise<Entry> {
    return this.move(entry, "Trash", signal);
  }

  async purge(entry: Entry, signal?: AbortSignal): Promise<void> {
    this.#checkWritable();
    await this.#engine.remove(entry.ref, signal);
    this.#changed(entry.ref.mailbox, "messages");
  }

  async greeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    checkAddress(mailbox);
    if (!this.#engine.readGreeting) throw this.#unsupported("keep greetings");
    const part = await this.#engine.readGreeting(mailbox, kind, signal);
    return part && { ...part, stream: cutOnAbort(part.stream, signal) };
  }

  async setGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#checkWritable();
    checkAddress(mailbox);
    if (!this.#engine.writeGreeting) throw this.#unsupported("keep greetings");
    await this.#engine.writeGreeting(mailbox, kind, audio, signal);
    this.#changed(mailbox, "greetings");
  }

  async removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    this.#checkWritable();
    checkAddress(mailbox);
    if (!this.#engine.removeGreeting) throw this.#unsupported("keep greetings");
    await this.#engine.removeGreeting(mailbox, kind, signal);
    this.#changed(mailbox, "greetings");
  }

  async quota(mailbox: MailboxAddress, signal?: AbortSignal): Promise<Quota | undefined> {
    checkAddress(mailbox);
    return this.#engine.quota?.(mailbox, signal);
  }

  onChange(listener: Listener): () => void {
    // A function of its own for each call, so that two who listen with the same one are told apart.
    const own: Listener = (mailbox, what) => listener(mailbox, what);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** What is stored is stored, whatever a listener makes of it. */
  #changed(mailbox: MailboxAddress, what: Change): void {
    for (const listener of this.#listeners) {
      try {
        listener(mailbox, what);
      } catch (error) {
        this.#log.error({ err: error, mailbox: formatMailbox(mailbox) }, "A listener to the store failed");
      }
    }
  }

  #mended(entry: Entry): Entry {
    const { entry: sound, fault } = mend(entry);
    if (fault) this.#log.warn({ id: entry.envelope.id, fault }, "A message's envelope makes no sense");
    return sound;
  }

  #checkWritable(): void {
    if (!this.capabilities.writable) throw this.#unsupported("be written to");
  }

  #unsupported(what: string): VoxpostError {
    return new VoxpostError("UNSUPPORTED", `The store ${this.#engine.name} cannot ${what}`);
  }
}

/** The start of the day before the call's: mail servers search by date in a time zone of their own. */
function dayBefore(time: Date): Date {
  return new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS - DAY_MS);
}
