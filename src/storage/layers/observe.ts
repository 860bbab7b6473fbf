import { type ErrorCode, VoxpostError } from "../../errors.ts";
import type { AudioPart, AudioSource } from "../../model/message.ts";
import type { Engine } from "../engine.ts";
import { layer, type Operation } from "./layer.ts";
import { meter } from "./meter.ts";

/** Takes what is known of an operation when it has ended. It must not throw, and nothing waits for it. */
export type Observer = (observation: Observation) => void;

export interface Observation {
  /** The engine's name. */
  readonly engine: string;
  readonly operation: Operation;
  /** Milliseconds until the answer; of audio that is read, until it was open. */
  readonly ms: number;
  /** Undefined when it succeeded; INTERNAL for an error that is none of ours, such as that of a source of audio. */
  readonly code?: ErrorCode;
  /** Audio that went through. Reading is told of when all of it was read or dropped, and not before. */
  readonly bytes?: number;
}

/** Tells one observer of every operation, for metrics and tests. Without one it is the engine itself and costs nothing. */
export function withObserve(inner: Engine, observer: Observer | undefined): Engine {
  if (!observer) return inner;
  const watched = <T>(operation: Operation, run: () => Promise<Outcome<T>>) =>
    watch({ engine: inner.name, operation }, observer, run);
  const { readGreeting, writeGreeting } = inner;
  return {
    ...layer(inner, (operation, signal, run) =>
      watched(operation, async () => ({ result: await run(signal) })),
    ),
    read: (ref, signal) => watched("read", async () => metered(await inner.read(ref, signal))),
    append: (folder, message, signal) =>
      watched("append", async () => {
        const { audio, bytes } = counted(message.audio);
        return { result: await inner.append(folder, { ...message, audio }, signal), bytes: bytes() };
      }),
    ...(readGreeting && {
      readGreeting: (mailbox, kind, signal) =>
        watched("readGreeting", async () => {
          const part = await readGreeting.call(inner, mailbox, kind, signal);
          const { result, later } = metered(part ? [part] : []);
          return { result: result[0], ...(later === undefined ? {} : { later }) };
        }),
    }),
    ...(writeGreeting && {
      writeGreeting: (mailbox, kind, greeting, signal) =>
        watched("writeGreeting", async () => {
          const { audio, bytes } = counted([greeting]);
          await writeGreeting.call(inner, mailbox, kind, audio[0] ?? greeting, signal);
          return { result: undefined, bytes: bytes() };
        }),
    }),
  };
}

interface Outcome<T> {
  readonly result: T;
  readonly bytes?: number;
  /** Bytes that are known only when they have been read. */
  readonly later?: Promise<number>;
}

async function watch<T>(
  what: Pick<Observation, "engine" | "operation">,
  observer: Observer,
  run: () => Promise<Outcome<T>>,
): Promise<T> {
  const startedAt = performance.now();
  try {
    const { result, bytes, later } = await run();
    const ms = performance.now() - startedAt;
    if (later !== undefined) void later.then((read) => observer({ ...what, ms, bytes: read }));
    else observer({ ...what, ms, ...(bytes === undefined ? {} : { bytes }) });
    return result;
  } catch (error) {
    const code = error instanceof VoxpostError ? error.code : "INTERNAL";
    observer({ ...what, ms: performance.now() - startedAt, code });
    throw error;
  }
}

function metered(parts: readonly AudioPart[]): Outcome<AudioPart[]> {
  const ends: Promise<number>[] = [];
  const result = parts.map((part) => {
    let stream = part.stream;
    ends.push(
      new Promise((resolve) => {
        stream = meter(part.stream, resolve);
      }),
    );
    return { ...part, stream };
  });
  const sum = (bytes: number[]) => bytes.reduce((total, each) => total + each, 0);
  return ends.length > 0 ? { result, later: Promise.all(ends).then(sum) } : { result };
}

/** A source that is opened again is counted again: what goes through is counted, not what is stored. */
function counted(sources: readonly AudioSource[]): { audio: AudioSource[]; bytes: () => number } {
  let total = 0;
  const audio = sources.map((source) => ({
    ...source,
    open: async (signal?: AbortSignal) =>
      meter(await source.open(signal), (bytes) => {
        total += bytes;
      }),
  }));
  return { audio, bytes: () => total };
}
