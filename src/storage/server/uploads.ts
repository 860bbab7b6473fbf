import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { VoxpostError } from "../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import { errnoOf } from "../disk.ts";
import { HttpError } from "./problems.ts";

export interface UploadLimits {
  /** Most bytes of one upload. */
  readonly audioBytes: number;
  /** Most bytes of all that wait together. */
  readonly waitingBytes: number;
  /** How long one waits for its message, milliseconds. */
  readonly uploadMs: number;
}

export interface Upload {
  readonly bytes: number;
  readonly sha256: string;
  open(): Promise<Readable>;
}

interface Waiting extends Upload {
  readonly path: string;
  readonly expires: number;
}

/**
 * Audio whose message has not come yet, in files of its own that nobody else sees. So an upload that is cut off leaves
 * nothing in the store, an engine may read it as often as it needs to, and memory holds none of it.
 */
export class Uploads {
  readonly #limits: UploadLimits;
  readonly #parent: string;
  readonly #waiting = new Map<string, Waiting>();
  #folder: Promise<string> | undefined;
  #bytes = 0;
  #sweeper: NodeJS.Timeout | undefined;

  /** `parent` is the folder in which a new one is made. Default: the system's, which may be memory. */
  constructor(limits: UploadLimits, parent = tmpdir()) {
    this.#limits = limits;
    this.#parent = parent;
  }

  /** @throws HttpError 413; VoxpostError STORE_FULL */
  async keep(mailbox: MailboxAddress, name: string, audio: AsyncIterable<Buffer>): Promise<Upload> {
    const path = join(await this.#made(), randomBytes(16).toString("hex"));
    const hash = createHash("sha256");
    let bytes = 0;
    const weigh = new Transform({
      transform: (chunk: Buffer, _, done) => {
        bytes += chunk.length;
        this.#bytes += chunk.length;
        hash.update(chunk);
        done(this.#tooMuch(bytes), chunk);
      },
    });
    try {
      const file = await open(path, "wx", 0o600);
      await pipeline(audio, weigh, file.createWriteStream());
    } catch (error) {
      this.#bytes -= bytes;
      await rm(path, { force: true });
      throw fault(error);
    }
    const sha256 = hash.digest("hex");
    const expires = Date.now() + this.#limits.uploadMs;
    const upload = { path, bytes, sha256, expires, open: async () => createReadStream(path) };
    await this.remove(mailbox, [name]);
    this.#waiting.set(keyOf(mailbox, name), upload);
    return upload;
  }

  find(mailbox: MailboxAddress, name: string): Upload | undefined {
    return this.#waiting.get(keyOf(mailbox, name));
  }

  async remove(mailbox: MailboxAddress, names: readonly string[]): Promise<void> {
    for (const name of names) await this.#forget(keyOf(mailbox, name));
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#waiting.clear();
    const folder = await this.#folder?.catch(() => undefined);
    if (folder) await rm(folder, { recursive: true, force: true });
  }

  #made(): Promise<string> {
    this.#folder ??= this.#make();
    return this.#folder;
  }

  async #make(): Promise<string> {
    await mkdir(this.#parent, { recursive: true, mode: 0o700 });
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(this.#limits.uploadMs, 60_000)).unref();
    return mkdtemp(join(this.#parent, "voxpost-uploads-"));
  }

  #tooMuch(bytes: number): VoxpostError | null {
    const { audioBytes, waitingBytes } = this.#limits;
    if (bytes > audioBytes) return new HttpError(413, `Audio is longer than ${audioBytes} bytes`);
    if (this.#bytes <= waitingBytes) return null;
    return new VoxpostError("STORE_FULL", `${waitingBytes} bytes of uploads wait for their messages already`);
  }

  #sweep(): void {
    const now = Date.now();
    for (const [key, { expires }] of this.#waiting) {
      if (expires < now) this.#forget(key).catch(() => {});
    }
  }

  async #forget(key: string): Promise<void> {
    const upload = this.#waiting.get(key);
    if (!upload) return;
    this.#waiting.delete(key);
    this.#bytes -= upload.bytes;
    await rm(upload.path, { force: true });
  }
}

function keyOf(mailbox: MailboxAddress, name: string): string {
  return `${formatMailbox(mailbox)} ${name}`;
}

function fault(error: unknown): unknown {
  const full = ["ENOSPC", "EDQUOT", "EFBIG"].includes(errnoOf(error) ?? "");
  return full ? VoxpostError.from(error, "STORE_FULL", "No room for the upload") : error;
}
