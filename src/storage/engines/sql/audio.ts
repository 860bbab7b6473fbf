import { Readable } from "node:stream";
import type { Selectable, Transaction } from "kysely";
import { VoxpostError } from "../../../errors.ts";
import type { AudioPart, AudioSource, ByteSource, PartKind } from "../../../model/message.ts";
import { cutOnAbort } from "../../streams.ts";
import type { Database, Db } from "./database.ts";
import { EXTRAS, type Schema } from "./schema.ts";

/** So much of a part is in memory at once, in and out. */
const CHUNK_BYTES = 128 * 1024;

/** A part whose bytes are in the database, and which belongs to nothing yet. */
export interface Staged {
  readonly id: number;
  readonly bytes: number;
}

/** What is brought in: audio, or extras, which are bytes like any. */
type PartSource = Omit<AudioSource, "kind"> & { readonly kind: PartKind | typeof EXTRAS };

export function asPart({ open }: ByteSource): PartSource {
  return { kind: EXTRAS, contentType: "message/rfc822", open };
}

/**
 * Brings audio into the database without a transaction, as a slow source must hold nobody up, and gives it to `publish`,
 * which makes it somebody's in one. Whatever fails, nothing stays behind; what a killed program leaves is swept later.
 */
export async function withStaged<T>(
  database: Database,
  sources: readonly PartSource[],
  signal: AbortSignal,
  publish: (staged: readonly Staged[]) => Promise<T>,
): Promise<T> {
  const staged: Staged[] = [];
  const begun: number[] = [];
  try {
    for (const [position, source] of inHearingOrder(sources).entries()) {
      const id = await database.run(signal, (db) => beginPart(db, source, position));
      begun.push(id);
      staged.push({ id, bytes: await writeChunks(database, id, source, signal) });
    }
    return await publish(staged);
  } catch (error) {
    await discard(database, begun);
    throw error;
  }
}

/** Makes staged parts those of a message, or of nothing but the greeting that names them. */
export async function claim(
  transaction: Transaction<Schema>,
  staged: readonly Staged[],
  message: number | null,
): Promise<void> {
  for (const { id, bytes } of staged) {
    const { numUpdatedRows } = await transaction
      .updateTable("parts")
      .set({ message, bytes, staged_at: null })
      .where("id", "=", id)
      .where("staged_at", "is not", null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 1n) continue;
    throw new VoxpostError("STORE_UNREACHABLE", "Audio was swept while it came in; is a clock a day ahead?");
  }
}

export const PART = [
  "parts.id",
  "parts.kind",
  "parts.content_type",
  "parts.duration",
  "parts.bytes",
] as const;

export type PartRow = Pick<Selectable<Schema["parts"]>, "id" | "content_type" | "duration" | "bytes"> & {
  readonly kind: PartKind;
};

/** Asks the database one thing, for as long as the engine is open. */
export type Ask = <T>(question: (db: Db) => Promise<T>) => Promise<T>;

export function openPart(row: PartRow, ask: Ask): AudioPart {
  return {
    kind: row.kind,
    contentType: row.content_type,
    ...(row.duration === null ? {} : { duration: row.duration }),
    stream: openBytes(row, ask),
  };
}

/** What comes chunk by chunk as it is read. */
export function openBytes(row: Pick<PartRow, "id" | "bytes">, ask: Ask): Readable {
  const stream = Readable.from(readChunks(row, ask), { objectMode: false });
  // Whoever reads it is told; when nobody does any more, that must not bring the program down.
  stream.on("error", () => {});
  return stream;
}

async function* readChunks({ id, bytes }: Pick<PartRow, "id" | "bytes">, ask: Ask): AsyncGenerator<Buffer> {
  let left = bytes;
  for (let number = 0; left > 0; number++) {
    const chunk = await ask((db) =>
      db
        .selectFrom("chunks")
        .select("bytes")
        .where("part", "=", id)
        .where("number", "=", number)
        .executeTakeFirst(),
    );
    if (!chunk) throw new VoxpostError("MESSAGE_UNKNOWN", "The message was removed while it was being read");
    left -= chunk.bytes.length;
    yield chunk.bytes;
  }
}

function inHearingOrder(sources: readonly PartSource[]): PartSource[] {
  return [...sources].sort((a, b) => Number(b.kind === "comment") - Number(a.kind === "comment"));
}

async function beginPart(db: Db, source: PartSource, position: number): Promise<number> {
  const { kind, contentType, duration } = source;
  const { id } = await db
    .insertInto("parts")
    .values({
      message: null,
      position,
      kind,
      content_type: contentType,
      duration: duration === undefined ? null : Math.round(duration),
      bytes: 0,
      staged_at: Date.now(),
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

async function writeChunks(
  database: Database,
  part: number,
  source: ByteSource,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  let number = 0;
  for await (const bytes of inChunks(cutOnAbort(await source.open(signal), signal))) {
    await database.run(signal, (db) => db.insertInto("chunks").values({ part, number, bytes }).execute());
    number++;
    total += bytes.length;
  }
  return total;
}

/** Pieces of any size as chunks of ours. */
async function* inChunks(stream: Readable): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    let rest: Buffer = piece;
    while (size + rest.length >= CHUNK_BYTES) {
      const taken = CHUNK_BYTES - size;
      yield Buffer.concat([...waiting, rest.subarray(0, taken)]);
      rest = rest.subarray(taken);
      [waiting, size] = [[], 0];
    }
    waiting.push(rest);
    size += rest.length;
  }
  if (size > 0) yield Buffer.concat(waiting);
}

/** As good as can be: who is told of a failure needs to know that one. Never what has become somebody's after all. */
async function discard(database: Database, parts: readonly number[]): Promise<void> {
  if (parts.length === 0) return;
  const inTime = AbortSignal.timeout(5_000);
  await database
    .run(inTime, (db) =>
      db
        .deleteFrom("parts")
        .where("id", "in", [...parts])
        .where("staged_at", "is not", null)
        .execute(),
    )
    .catch(() => {});
}
