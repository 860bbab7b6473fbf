import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import type { Folder } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import { formatMailbox, type MailboxAddress, parseMailbox } from "../../../model/mailbox.ts";
import type {
  AudioInfo,
  AudioPart,
  AudioSource,
  ByteSource,
  Flags,
  NewMessage,
} from "../../../model/message.ts";
import { cutOnAbort } from "../../streams.ts";

/** What would be on a disk. Several engines may share one, as several programs share a disk. */
export class MemoryData {
  readonly #mailboxes = new Map<string, MailboxData>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #arrivals = 0;

  mailbox(address: MailboxAddress): MailboxData {
    const name = formatMailbox(address);
    const known = this.#mailboxes.get(name);
    if (known) return known;
    const created: MailboxData = { folders: new Map(), greetings: new Map() };
    this.#mailboxes.set(name, created);
    return created;
  }

  /** Those that hold something: looking at a mailbox makes its entry. */
  mailboxes(): MailboxAddress[] {
    return [...this.#mailboxes].flatMap(([name, { folders, greetings }]) => {
      const messages = [...folders.values()].some((folder) => folder.size > 0);
      return messages || greetings.size > 0 ? [parseMailbox(name)] : [];
    });
  }

  folder(address: MailboxAddress, folder: Folder): Map<string, StoredMessage> {
    const { folders } = this.mailbox(address);
    const known = folders.get(folder);
    if (known) return known;
    const created = new Map<string, StoredMessage>();
    folders.set(folder, created);
    return created;
  }

  /** Sorts by time of the call, then arrival in the folder. */
  newKey(receivedAt: Date): string {
    return `${receivedAt.toISOString()}-${String(++this.#arrivals).padStart(12, "0")}`;
  }

  changed(address: MailboxAddress): void {
    this.#changes.emit(formatMailbox(address));
  }

  watch(address: MailboxAddress, onChange: () => void, signal: AbortSignal): void {
    const name = formatMailbox(address);
    this.#changes.on(name, onChange);
    signal.addEventListener("abort", () => this.#changes.off(name, onChange), { once: true });
  }
}

interface MailboxData {
  readonly folders: Map<Folder, Map<string, StoredMessage>>;
  readonly greetings: Map<GreetingKind, StoredAudio>;
}

export interface StoredMessage extends Flags {
  readonly key: string;
  readonly message: Omit<NewMessage, "audio" | "extras" | keyof Flags>;
  readonly audio: readonly StoredAudio[];
  readonly extras: Buffer | undefined;
}

export interface StoredAudio {
  readonly info: AudioInfo;
  readonly bytes: Buffer;
}

export async function keepAudio(source: AudioSource, signal: AbortSignal): Promise<StoredAudio> {
  return { info: infoOf(source), bytes: await keepBytes(source, signal) };
}

export async function keepBytes(source: ByteSource, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of cutOnAbort(await source.open(signal), signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function toPart({ info, bytes }: StoredAudio): AudioPart {
  return { ...info, stream: toStream(bytes), size: bytes.length };
}

export function toStream(bytes: Buffer): Readable {
  return Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false });
}

function infoOf({ kind, contentType, duration }: AudioInfo): AudioInfo {
  return { kind, contentType, ...(duration === undefined ? {} : { duration }) };
}
