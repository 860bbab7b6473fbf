import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { VoxpostError } from "../errors.ts";
import type { ByteSource } from "../model/message.ts";
import { errnoOf } from "./disk.ts";

/** What is shorter stays in memory; bytes. */
const IN_MEMORY = 1_048_576;
/** Read from the disk at a time, bytes. */
const CHUNK_BYTES = 65_536;

/**
 * Bytes that are kept until all of them are there, and can be read more than once. Long ones lie in a file that has no name any
 * more: whatever becomes of the program, nothing of anybody's voice stays behind.
 */
export class Spooled {
  readonly #folder: string;
  #pieces: Buffer[] = [];
  #held = 0;
  #file: FileHandle | undefined;
  #written = 0;
  #isRemoved = false;

  /** Default: the system's folder for temporary files (`TMPDIR`). */
  constructor(folder = tmpdir()) {
    this.#folder = folder;
  }

  get size(): number {
    return this.#written + this.#held;
  }

  /** All of it, when it is so short that it lies in memory. */
  get held(): Buffer | undefined {
    return this.#file ? undefined : Buffer.concat(this.#pieces);
  }

  /** Can be opened again and again, until `remove`. */
  get source(): ByteSource {
    return { open: async () => Readable.from(this.#bytes(), { objectMode: false }) };
  }

  /** @throws VoxpostError STORE_FULL when the disk is; STORE_REFUSED when its folder cannot be written to */
  async write(bytes: Buffer): Promise<void> {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#held <= IN_MEMORY) return;
    try {
      this.#file ??= await openNameless(this.#folder);
      if (this.#isRemoved) return await this.remove();
      const block = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#held = 0;
      await this.#file.appendFile(block);
      this.#written += block.length;
    } catch (error) {
      throw toFault(error, this.#folder);
    }
  }

  async remove(): Promise<void> {
    this.#isRemoved = true;
    this.#pieces = [];
    await this.#file?.close();
  }

  async *#bytes(): AsyncGenerator<Buffer> {
    for (let at = 0; this.#file && at < this.#written; ) {
      const { bytesRead, buffer } = await this.#file
        .read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at)
        .catch((error: unknown) => Promise.reject(toFault(error, this.#folder)));
      if (bytesRead === 0) throw toFault(new Error("it ends too early"), this.#folder);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    for (const piece of this.#pieces) if (piece.length > 0) yield piece;
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `voxpost-spool-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  await unlink(path);
  return file;
}

function toFault(error: unknown, folder: string): VoxpostError {
  const isFull = ["ENOSPC", "EDQUOT"].includes(errnoOf(error) ?? "");
  const what = `${folder} cannot keep what waits to be stored: ${(error as Error).message}${isFull ? "; make room there" : ""}`;
  return new VoxpostError(isFull ? "STORE_FULL" : "STORE_REFUSED", what, { cause: error, retryable: true });
}
