import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { join, relative } from "node:path";
import { parseName, type RecordingName } from "../../src/custody/name.ts";
import { wavHeader } from "../../src/model/wav.ts";

/** A file that Asterisk wrote, kept by a hard link: what it recorded can be looked at when the program has removed it. */
export interface Kept {
  readonly name: RecordingName;
  /** As Asterisk calls it. */
  readonly text: string;
  readonly link: string;
}

const EVERY_MS = 50;

/** Watches Asterisk's recording folder, and knows what every caller said, from Asterisk's own files. */
export class Tape {
  readonly #folder: string;
  readonly #links: string;
  readonly #kept = new Map<string, Kept>();
  #present = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  /** `links` is a folder on the same disk. */
  constructor(folder: string, links: string) {
    this.#folder = folder;
    this.#links = links;
    mkdirSync(links, { recursive: true });
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  /** Everything that was ever there. */
  get kept(): readonly Kept[] {
    return [...this.#kept.values()];
  }

  /** Names that are there now. */
  get present(): ReadonlySet<string> {
    return this.#present;
  }

  /** What one caller's number is in the name of, and that is there now. */
  of(number: string): Kept[] {
    return this.kept.filter(({ name, text }) => name.caller.number === number && this.#present.has(text));
  }

  look(): void {
    const present = new Set<string>();
    for (const path of wavs(this.#folder)) {
      const text = relative(this.#folder, path).slice(0, -".wav".length);
      present.add(text);
      try {
        this.#keep(path, text);
      } catch {
        // It was removed while we looked; what it was renamed to is found next.
      }
    }
    this.#present = present;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #keep(path: string, text: string): void {
    const key = `${statSync(path).ino} ${text}`;
    if (this.#kept.has(key)) return;
    const name = parseName(text);
    const link = join(this.#links, `${this.#kept.size}.wav`);
    linkSync(path, link);
    // For whoever looks at a run that went wrong.
    appendFileSync(join(this.#links, "names"), `${new Date().toISOString()} ${this.#kept.size} ${text}\n`);
    this.#kept.set(key, { name, text, link });
  }
}

/** Where a header's last word stands. */
const DATA = wavHeader(0).indexOf("data");

/** The samples in a file, also in one whose header was never completed, or was lost by a disk that was full. */
export function pcmOf(file: Buffer): Buffer {
  const isLost = file.length > DATA && file.toString("latin1", 0, 4) !== "RIFF";
  const at = isLost ? DATA : file.indexOf("data", 12, "latin1");
  if (at < 0) return Buffer.alloc(0);
  const promised = file.readUInt32LE(at + 4);
  const present = file.length - at - 8;
  const bytes = promised === 0 ? present : Math.min(promised, present);
  return file.subarray(at + 8, at + 8 + bytes - (bytes % 2));
}

/** Whether it was ended before it had a word: by a # that was meant for the greeting. Asterisk writes the length when it ends one. */
export function isEmpty({ link }: Kept): boolean {
  const file = existsSync(link) ? readFileSync(link) : Buffer.alloc(0);
  return file.length === wavHeader(0).length && file.readUInt32LE(4) > 0;
}

export function readPcm({ link }: Kept): Buffer {
  return existsSync(link) ? pcmOf(readFileSync(link)) : Buffer.alloc(0);
}

function wavs(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".wav"))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // A folder was removed while it was being read.
    return [];
  }
}
