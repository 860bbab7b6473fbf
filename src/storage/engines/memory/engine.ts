import type { Readable } from "node:stream";
import { VoxpostError } from "../../../errors.ts";
import type { Counts, Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { AudioPart, AudioSource, Flags, NewMessage } from "../../../model/message.ts";
import type { Engine, Entry, FindQuery, ListQuery, Page, Quota, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";
import { foldersOf, matches, matchesText } from "../../match.ts";
import { Operations } from "../../signals.ts";
import { countViews, pageOf } from "../../view.ts";
import {
  keepAudio,
  keepBytes,
  type MemoryData,
  type StoredAudio,
  type StoredMessage,
  toPart,
  toStream,
} from "./data.ts";

/** The reference: what an engine has to do, with nothing else in the way. Everything is gone when the program ends. */
export class MemoryEngine implements Engine {
  readonly name = "memory";
  readonly capabilities = {
    authenticate: false,
    greetings: true,
    watch: true,
    quota: true,
    search: true,
    move: true,
    writable: true,
  };
  readonly #data: MemoryData;
  readonly #maxBytes: number | undefined;
  readonly #operations = new Operations();

  constructor(data: MemoryData, maxBytes?: number) {
    this.#data = data;
    this.#maxBytes = maxBytes;
  }

  async open(): Promise<void> {
    this.#operations.open();
  }

  async close(): Promise<void> {
    this.#operations.close();
  }

  async check(signal?: AbortSignal): Promise<void> {
    this.#operations.check(signal);
  }

  async *mailboxes(signal?: AbortSignal): AsyncGenerator<MailboxAddress> {
    this.#operations.check(signal);
    yield* this.#data.mailboxes();
  }

  async count(mailbox: MailboxAddress, folder: Folder, signal?: AbortSignal): Promise<Counts> {
    this.#operations.check(signal);
    return countViews(this.#data.folder(mailbox, folder).values());
  }

  async list(mailbox: MailboxAddress, folder: Folder, query: ListQuery, signal?: AbortSignal): Promise<Page> {
    this.#operations.check(signal);
    const { shown, ...rest } = pageOf([...this.#data.folder(mailbox, folder).values()], query);
    return { entries: shown.map((stored) => toEntry(folder, stored)), ...rest };
  }

  async find(mailbox: MailboxAddress, query: FindQuery, signal?: AbortSignal): Promise<Entry[]> {
    this.#operations.check(signal);
    return foldersOf(query).flatMap((folder) =>
      [...this.#data.folder(mailbox, folder).values()]
        .filter(({ message }) => matchesText(message.text, query))
        .map((stored) => toEntry(folder, stored))
        .filter(({ envelope }) => matches(envelope, query)),
    );
  }

  async read(ref: Ref, signal?: AbortSignal): Promise<AudioPart[]> {
    this.#operations.check(signal);
    const comments = (a: StoredAudio, b: StoredAudio) =>
      Number(b.info.kind === "comment") - Number(a.info.kind === "comment");
    return [...this.#get(ref).audio].sort(comments).map(toPart);
  }

  async readText(ref: Ref, signal?: AbortSignal): Promise<string | undefined> {
    this.#operations.check(signal);
    return this.#get(ref).message.text;
  }

  async readExtras(ref: Ref, signal?: AbortSignal): Promise<Readable | undefined> {
    this.#operations.check(signal);
    const { extras } = this.#get(ref);
    return extras && toStream(extras);
  }

  async append(folder: Folder, message: NewMessage, signal?: AbortSignal): Promise<Entry> {
    const { audio: sources, extras: source, heard, urgent, ...rest } = message;
    const kept = await this.#operations.run(signal, async (alive) => {
      const audio: StoredAudio[] = [];
      for (const each of sources) audio.push(await keepAudio(each, alive));
      return { audio, extras: source && (await keepBytes(source, alive)) };
    });
    this.#checkRoom(message.mailbox, sizeOf(kept.audio));
    const stored = { key: this.#data.newKey(message.receivedAt), heard, urgent, message: rest, ...kept };
    this.#put(message.mailbox, folder, stored);
    return toEntry(folder, stored);
  }

  async setFlags(ref: Ref, change: Partial<Flags>, signal?: AbortSignal): Promise<void> {
    this.#operations.check(signal);
    const stored = this.#get(ref);
    const { heard = stored.heard, urgent = stored.urgent } = change;
    this.#put(ref.mailbox, ref.folder, { ...stored, heard, urgent });
  }

  async move(ref: Ref, to: Folder, signal?: AbortSignal): Promise<Ref> {
    this.#operations.check(signal);
    const stored = this.#get(ref);
    const key = this.#data.newKey(stored.message.receivedAt);
    this.#data.folder(ref.mailbox, ref.folder).delete(ref.key);
    this.#put(ref.mailbox, to, { ...stored, key });
    return { mailbox: ref.mailbox, folder: to, key };
  }

  async remove(ref: Ref, signal?: AbortSignal): Promise<void> {
    this.#operations.check(signal);
    this.#data.folder(ref.mailbox, ref.folder).delete(ref.key);
    this.#data.changed(ref.mailbox);
  }

  async readGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    signal?: AbortSignal,
  ): Promise<AudioPart | undefined> {
    this.#operations.check(signal);
    const audio = this.#data.mailbox(mailbox).greetings.get(kind);
    return audio && toPart(audio);
  }

  async writeGreeting(
    mailbox: MailboxAddress,
    kind: GreetingKind,
    audio: AudioSource,
    signal?: AbortSignal,
  ): Promise<void> {
    const kept = await this.#operations.run(signal, (alive) => keepAudio(audio, alive));
    this.#data.mailbox(mailbox).greetings.set(kind, kept);
  }

  async removeGreeting(mailbox: MailboxAddress, kind: GreetingKind, signal?: AbortSignal): Promise<void> {
    this.#operations.check(signal);
    this.#data.mailbox(mailbox).greetings.delete(kind);
  }

  async watch(mailbox: MailboxAddress, onChange: () => void, signal: AbortSignal): Promise<void> {
    this.#operations.check(signal);
    this.#data.watch(mailbox, onChange, this.#operations.lasting(signal));
  }

  async quota(mailbox: MailboxAddress, signal?: AbortSignal): Promise<Quota | undefined> {
    this.#operations.check(signal);
    if (this.#maxBytes === undefined) return undefined;
    return { usedBytes: this.#usedBytes(mailbox), limitBytes: this.#maxBytes };
  }

  #get(ref: Ref): StoredMessage {
    const stored = this.#data.folder(ref.mailbox, ref.folder).get(ref.key);
    if (!stored) throw messageUnknown(ref);
    return stored;
  }

  #put(mailbox: MailboxAddress, folder: Folder, stored: StoredMessage): void {
    this.#data.folder(mailbox, folder).set(stored.key, stored);
    this.#data.changed(mailbox);
  }

  #usedBytes(mailbox: MailboxAddress): number {
    const folders = [...this.#data.mailbox(mailbox).folders.values()];
    return folders
      .flatMap((folder) => [...folder.values()])
      .reduce((sum, stored) => sum + sizeOf(stored.audio), 0);
  }

  #checkRoom(mailbox: MailboxAddress, bytes: number): void {
    if (this.#maxBytes === undefined || this.#usedBytes(mailbox) + bytes <= this.#maxBytes) return;
    throw new VoxpostError(
      "STORE_FULL",
      `${formatMailbox(mailbox)} is full: remove messages, or raise max_bytes`,
    );
  }
}

function toEntry(folder: Folder, { key, heard, urgent, message }: StoredMessage): Entry {
  const { text: _, ...rest } = message;
  return {
    ref: { mailbox: message.mailbox, folder, key },
    envelope: { ...rest, receivedAt: new Date(message.receivedAt), folder, heard, urgent },
  };
}

function sizeOf(audio: readonly StoredAudio[]): number {
  return audio.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
