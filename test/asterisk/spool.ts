import { Refusal } from "./api.ts";
import { wav } from "./wav.ts";

/** A recording on Asterisk's disk, finished or still growing. */
interface Entry {
  readonly format: string;
  /** The audio so far; a file that is being written is 32 KiB behind. */
  read(): Buffer;
}

const MAX_COMPONENT = 251;
const BUFFER = 32_768;

/** Asterisk's folder of recordings. */
export class Spool {
  readonly #entries = new Map<string, Entry>();

  /** Undefined where the name is too long for a file: Asterisk then goes on as if it had one. */
  begin(name: string, format: string, soFar: () => Buffer): { finish(pcm: Buffer): void } | undefined {
    if (name.split("/").some((component) => Buffer.byteLength(component) > MAX_COMPONENT)) return undefined;
    const growing: Entry = { format, read: () => wav(behind(soFar()), true) };
    this.#entries.set(name, growing);
    return {
      // Deleted meanwhile: what is still written goes nowhere.
      finish: (pcm) => {
        if (this.#entries.get(name) !== growing) return;
        const file = wav(pcm);
        this.#entries.set(name, { format, read: () => file });
      },
    };
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  list(): { name: string; format: string }[] {
    return [...this.#entries].map(([name, { format }]) => ({ name, format }));
  }

  get(name: string): { name: string; format: string } {
    return { name, format: this.#entry(name).format };
  }

  read(name: string): Buffer {
    return this.#entry(name).read();
  }

  /** Asterisk cuts the new name at its last dot, wherever that is. */
  copy(name: string, destination: string): { name: string; format: string } {
    const to = destination.replace(/\.[^.]*$/, "");
    const entry = this.#entry(name);
    if (this.has(to)) throw new Refusal(409, "A recording with the same name already exists on the system");
    const file = entry.read();
    this.#entries.set(to, { format: entry.format, read: () => file });
    return this.get(to);
  }

  remove(name: string): void {
    this.#entry(name);
    this.#entries.delete(name);
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new Refusal(404, "Recording not found");
    return entry;
  }
}

function behind(pcm: Buffer): Buffer {
  return pcm.subarray(0, Math.floor(pcm.length / BUFFER) * BUFFER);
}
