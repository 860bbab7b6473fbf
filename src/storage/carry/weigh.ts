import { createHash } from "node:crypto";
import { pipeline, type Readable, Transform } from "node:stream";
import type { AudioPart, PartKind } from "../../model/message.ts";
import type { Engine, Ref } from "../engine.ts";
import { cutOnAbort } from "../streams.ts";

/** What audio is compared by. */
export interface Weight {
  readonly sha256: string;
  readonly bytes: number;
}

export interface PartWeight extends Weight {
  readonly kind: PartKind;
}

/** The same bytes; `done` is told their weight when all of them have passed. */
export function weighing(stream: Readable, done: (weight: Weight) => void): Readable {
  const hash = createHash("sha256");
  let bytes = 0;
  const scale = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      bytes += chunk.length;
      next(null, chunk);
    },
    flush(next) {
      done({ sha256: hash.digest("hex"), bytes });
      next();
    },
  });
  // An error travels on to whoever reads the scale.
  pipeline(stream, scale, () => {});
  return scale;
}

/** Reads a stored message's audio to its end. @throws MESSAGE_UNKNOWN, MESSAGE_MALFORMED */
export async function weighMessage(engine: Engine, ref: Ref, signal?: AbortSignal): Promise<PartWeight[]> {
  const parts = await engine.read(ref, signal);
  try {
    const weights: PartWeight[] = [];
    for (const part of parts) weights.push({ kind: part.kind, ...(await weigh(part, signal)) });
    return weights;
  } finally {
    for (const { stream } of parts) stream.destroy();
  }
}

export async function weigh(part: AudioPart, signal?: AbortSignal): Promise<Weight> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of cutOnAbort(part.stream, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest("hex"), bytes };
}

export function sameAudio(a: readonly PartWeight[], b: readonly PartWeight[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ kind, sha256 }, index) => kind === b[index]?.kind && sha256 === b[index]?.sha256)
  );
}
