import { createHash, type Hash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { z } from "zod";
import type { AudioPart, ByteSource } from "../../../model/message.ts";
import { throwIfAborted } from "../../faults.ts";
import { cutOnAbort } from "../../streams.ts";
import { type frame, LONGEST_DATA, VERSION } from "./format.ts";

/** `Omit` over each kind of line. */
type Line =
  z.input<typeof frame> extends infer One ? (One extends { at: string } ? Omit<One, "at"> : never) : never;

/** Writes the lines of a backup, no faster than they are taken. */
export class BackupWriter {
  readonly #out: Writable;
  readonly #signal: AbortSignal | undefined;
  readonly #boundary = randomBytes(16).toString("hex");
  /** Of the entry that is being written. */
  #hash: Hash | undefined;
  #fault: Error | undefined;

  constructor(out: Writable, signal?: AbortSignal) {
    this.#out = out;
    this.#signal = signal;
    out.on("error", (error) => {
      this.#fault ??= error;
    });
  }

  begin(): Promise<void> {
    const created = new Date().toISOString();
    const line = { voxpost: "backup", version: VERSION, boundary: this.#boundary, created };
    return this.#write(Buffer.from(`${JSON.stringify(line)}\n`));
  }

  /** One message or greeting, whole. When its audio or extras fail, what was written is marked as worthless. */
  async entry(
    line: Line & { is: "message" | "greeting" },
    parts: readonly AudioPart[],
    extras?: ByteSource,
  ): Promise<void> {
    const hash = createHash("sha256");
    this.#hash = hash;
    await this.#line(line);
    try {
      for (const { kind, contentType, duration, stream } of parts) {
        await this.#line({ is: "audio", kind, contentType, ...(duration === undefined ? {} : { duration }) });
        await this.#bytes(stream);
      }
      if (extras) {
        await this.#line({ is: "extras" });
        await this.#bytes(await extras.open(this.#signal));
      }
    } catch (error) {
      this.#hash = undefined;
      if (!this.#fault && !this.#signal?.aborted) await this.#line({ is: "abandoned" });
      throw error;
    }
    this.#hash = undefined;
    await this.#line({ is: "sealed", sha256: hash.digest("hex") });
  }

  async end(counts: { messages: number; greetings: number; faults: number }): Promise<void> {
    await this.#line({ is: "end", ...counts });
  }

  async #bytes(stream: Readable): Promise<void> {
    for await (const chunk of cutOnAbort(stream, this.#signal)) await this.#data(chunk);
  }

  async #data(chunk: Buffer): Promise<void> {
    for (let start = 0; start < chunk.length; start += LONGEST_DATA) {
      const piece = chunk.subarray(start, start + LONGEST_DATA);
      await this.#line({ is: "data", bytes: piece.length });
      await this.#write(piece);
      await this.#write(Buffer.from("\n"));
    }
  }

  #line(line: Line): Promise<void> {
    return this.#write(Buffer.from(`${JSON.stringify({ at: this.#boundary, ...line })}\n`));
  }

  async #write(bytes: Buffer): Promise<void> {
    throwIfAborted(this.#signal);
    if (this.#fault) throw this.#fault;
    this.#hash?.update(bytes);
    if (this.#out.write(bytes)) return;
    await once(this.#out, "drain", this.#signal ? { signal: this.#signal } : {});
  }
}
