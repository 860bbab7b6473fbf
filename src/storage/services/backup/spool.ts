import { createReadStream } from "node:fs";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { ByteSource } from "../../../model/message.ts";

/** What is shorter stays in memory; bytes. */
const IN_MEMORY = 1_048_576;

/**
 * Audio and extras of one entry of a backup, kept until its checksum is known and its store has it: a stream can be read once, and
 * nothing of an entry that is damaged may reach a store.
 */
export class Spool {
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** In the system's folder for temporary files (`TMPDIR`). */
  static async open(): Promise<Spool> {
    return new Spool(await mkdtemp(join(tmpdir(), "voxpost-restore-")));
  }

  begin(): Spooled {
    return new Spooled(join(this.#folder, String(this.#count++)));
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}

export class Spooled {
  readonly #path: string;
  #pieces: Buffer[] = [];
  #held = 0;
  #onDisk = false;

  constructor(path: string) {
    this.#path = path;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#held <= IN_MEMORY) return;
    await appendFile(this.#path, Buffer.concat(this.#pieces), { mode: 0o600 });
    this.#pieces = [];
    this.#held = 0;
    this.#onDisk = true;
  }

  get source(): ByteSource {
    return { open: async () => Readable.from(this.#bytes(), { objectMode: false }) };
  }

  remove(): Promise<void> {
    return rm(this.#path, { force: true });
  }

  async *#bytes(): AsyncGenerator<Buffer> {
    if (this.#onDisk) yield* createReadStream(this.#path);
    for (const piece of this.#pieces) if (piece.length > 0) yield piece;
  }
}
