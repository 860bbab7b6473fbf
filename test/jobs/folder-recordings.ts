import { constants, createReadStream, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Readable } from "node:stream";
import { VoxpostError } from "../../src/errors.ts";
import type { Recordings } from "../../src/jobs/recordings.ts";
import { wav } from "./sound.ts";

/** Asterisk's recording folder without Asterisk: real files, and channels and live recordings as a test says. */
export class FolderRecordings implements Recordings {
  readonly folder: string;
  readonly existing = new Set<string>();
  readonly live = new Set<string>();
  readonly removed: string[] = [];
  /** Asterisk does not answer. */
  away = false;
  /** Throws what it likes before a method runs. */
  before: (method: keyof Recordings, name: string) => void | Promise<void> = () => {};

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Puts a recording there with so many samples of silence, or other content. */
  async put(name: string, content: number | Buffer | Int16Array): Promise<void> {
    const path = this.#path(name);
    mkdirSync(dirname(path), { recursive: true });
    await writeFile(path, Buffer.isBuffer(content) ? content : wav(content));
  }

  get names(): string[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)).replace(/\.wav$/, ""))
      .sort();
  }

  async list(folder: string): Promise<string[]> {
    await this.#ask("list", folder);
    return this.names.filter((name) => name.startsWith(`${folder}/`));
  }

  async channels(): Promise<string[]> {
    await this.#ask("channels", "");
    return [...this.existing];
  }

  async isLive(name: string): Promise<boolean> {
    await this.#ask("isLive", name);
    return this.live.has(name);
  }

  async fetch(name: string): Promise<Readable> {
    await this.#ask("fetch", name);
    this.#mustExist(name);
    return createReadStream(this.#path(name));
  }

  async copy(name: string, to: string): Promise<void> {
    await this.#ask("copy", name);
    this.#mustExist(name);
    mkdirSync(dirname(this.#path(to)), { recursive: true });
    await copyFile(this.#path(name), this.#path(to), constants.COPYFILE_EXCL);
  }

  async rename(name: string, to: string): Promise<void> {
    if (!existsSync(this.#path(name)) && existsSync(this.#path(to))) return;
    await this.remove(to);
    await this.copy(name, to);
    await this.remove(name);
  }

  async remove(name: string): Promise<void> {
    await this.#ask("remove", name);
    if (this.live.has(name)) throw new VoxpostError("LOCKED", `${name} is live`);
    if (existsSync(this.#path(name))) this.removed.push(name);
    rmSync(this.#path(name), { force: true });
  }

  async #ask(method: keyof Recordings, name: string): Promise<void> {
    if (this.away) throw new VoxpostError("ASTERISK_UNREACHABLE", "Asterisk is away");
    await this.before(method, name);
  }

  #mustExist(name: string): void {
    if (!existsSync(this.#path(name))) throw new VoxpostError("RECORDING_GONE", `${name} is gone`);
  }

  #path(name: string): string {
    return join(this.folder, `${name}.wav`);
  }
}
