import type { Readable } from "node:stream";
import { VoxpostError } from "../../errors.ts";
import type { GreetingKind } from "../../model/greeting.ts";
import type { MailboxAddress } from "../../model/mailbox.ts";
import type { AudioSource, NewMessage } from "../../model/message.ts";
import type { Engine, Entry } from "../engine.ts";
import { type PartWeight, weighing } from "./weigh.ts";

/** A stored message on its way to another store. */
export interface Carried {
  readonly message: NewMessage;
  /** What was read, once all of it was. */
  weights(): PartWeight[];
  /** Ends what was opened and not read. */
  end(): void;
}

/**
 * Opens a message for another engine's `append`. Nothing is held in memory: audio goes from one to the other as it is
 * read, and a part that is asked for again is opened again.
 */
export async function carry(from: Engine, { ref, envelope }: Entry, signal?: AbortSignal): Promise<Carried> {
  const text = await from.readText?.(ref, signal);
  const parts = await from.read(ref, signal);
  const unread: Array<Readable | undefined> = parts.map(({ stream }) => stream);
  const weights = new Map<number, PartWeight>();
  const audio = parts.map(
    ({ stream: _, ...info }, index): AudioSource => ({
      ...info,
      async open(alive) {
        const stream = unread[index] ?? (await openAgain(from, { ref, envelope }, index, alive));
        unread[index] = undefined;
        return weighing(stream, (weight) => weights.set(index, { kind: info.kind, ...weight }));
      },
    }),
  );
  const { folder: _, ...fields } = envelope;
  return {
    message: { ...fields, mailbox: ref.mailbox, audio, ...(text === undefined ? {} : { text }) },
    weights: () => [...weights].sort(([a], [b]) => a - b).map(([, weight]) => weight),
    end() {
      for (const stream of unread) stream?.destroy();
    },
  };
}

async function openAgain(from: Engine, entry: Entry, index: number, signal?: AbortSignal): Promise<Readable> {
  const parts = await from.read(entry.ref, signal);
  for (const [other, { stream }] of parts.entries()) if (other !== index) stream.destroy();
  const part = parts[index];
  if (part) return part.stream;
  throw new VoxpostError("MESSAGE_UNKNOWN", `Message ${entry.envelope.id} changed while it was read`);
}

/** A greeting for another engine's `writeGreeting`; undefined when there is none. */
export async function carryGreeting(
  from: Engine,
  mailbox: MailboxAddress,
  kind: GreetingKind,
  signal?: AbortSignal,
): Promise<AudioSource | undefined> {
  const part = await from.readGreeting?.(mailbox, kind, signal);
  if (!part) return undefined;
  const { stream, ...info } = part;
  stream.destroy();
  const open = async (alive?: AbortSignal) => {
    const again = await from.readGreeting?.(mailbox, kind, alive);
    if (again) return again.stream;
    throw new VoxpostError("MESSAGE_UNKNOWN", `The greeting "${kind}" was removed meanwhile`);
  };
  return { ...info, open };
}
