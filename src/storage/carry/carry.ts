import type { Readable } from "node:stream";
import { isCode, VoxpostError } from "../../errors.ts";
import type { AudioSource, ByteSource, NewMessage } from "../../model/message.ts";
import type { Engine, Entry, Ref } from "../engine.ts";
import { type PartWeight, weighing } from "./weigh.ts";

/** A stored message on its way to another store. */
export interface Carried {
  readonly message: NewMessage;
  /** Of the audio that was read, once all of it was. */
  weights(): PartWeight[];
  /** Ends what was opened and not read. */
  end(): void;
}

/**
 * Opens a message for another engine's `append`, with its text and extras. Nothing but the text is held in memory: bytes go
 * from one to the other as they are read, and what is asked for again is opened again.
 */
export async function carry(from: Engine, { ref, envelope }: Entry, signal?: AbortSignal): Promise<Carried> {
  const beside = await readBeside(from, ref, signal);
  const parts = await from.read(ref, signal);
  const weights = new Map<number, PartWeight>();
  const opened = parts.map(({ stream }, index) =>
    reopening(stream, (alive) => openPartAgain(from, ref, index, alive)),
  );
  const audio = parts.map(
    ({ stream: _, ...info }, index): AudioSource => ({
      ...info,
      async open(alive) {
        const stream = await opened[index]?.open(alive);
        if (!stream) throw changed(ref);
        return weighing(stream, (weight) => weights.set(index, { kind: info.kind, ...weight }));
      },
    }),
  );
  const { folder: _, ...fields } = envelope;
  return {
    message: { ...fields, mailbox: ref.mailbox, audio, ...beside },
    weights: () => [...weights].sort(([a], [b]) => a - b).map(([, weight]) => weight),
    end() {
      for (const source of opened) source.end();
    },
  };
}

/** What a message has beside its audio, as far as its engine keeps any; extras are opened when they are read. */
export async function readBeside(
  engine: Engine,
  ref: Ref,
  signal?: AbortSignal,
): Promise<Pick<NewMessage, "text" | "extras">> {
  const text = await orNone(engine.readText?.(ref, signal));
  const found = await orNone(engine.readExtras?.(ref, signal));
  found?.destroy();
  const open = async (alive?: AbortSignal) => {
    const stream = await engine.readExtras?.(ref, alive);
    if (stream) return stream;
    throw changed(ref);
  };
  return { ...(text === undefined ? {} : { text }), ...(found && { extras: { open } }) };
}

/** Only at the first question may a server say that it keeps no such thing. */
async function orNone<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isCode(error, "UNSUPPORTED")) return undefined;
    throw error;
  }
}

/** The stream that is open already for the first who asks, another for each that follows. */
function reopening(
  first: Readable,
  again: (alive: AbortSignal | undefined) => Promise<Readable>,
): ByteSource & { end(): void } {
  let unread: Readable | undefined = first;
  return {
    async open(alive) {
      const stream = unread ?? (await again(alive));
      unread = undefined;
      return stream;
    },
    end() {
      unread?.on("error", () => {}).destroy();
    },
  };
}

async function openPartAgain(
  from: Engine,
  ref: Ref,
  index: number,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const parts = await from.read(ref, signal);
  for (const [other, { stream }] of parts.entries()) {
    if (other !== index) stream.on("error", () => {}).destroy();
  }
  const part = parts[index];
  if (part) return part.stream;
  throw changed(ref);
}

function changed({ folder, key }: Ref): VoxpostError {
  return new VoxpostError("MESSAGE_UNKNOWN", `Message ${key} in ${folder} changed while it was read`);
}
