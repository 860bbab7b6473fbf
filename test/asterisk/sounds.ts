import { LENGTHS } from "./lengths.ts";
import { samples, secondsOf } from "./wav.ts";

const OTHERWISE_MS = 1_000;

/** What Asterisk can play. */
export class Sounds {
  /** Sounds that this Asterisk has not got, such as those of a package that is not installed. */
  readonly missing = new Set<string>();
  /** Copies of fetched media; they stay until the same address is asked for again and answers with an error. */
  readonly cache = new Set<string>();
  /** Fetches that are under way: time must not go on meanwhile. */
  fetching = 0;

  /** Length in milliseconds; undefined when it cannot be played. Media on a server is fetched whole first, as Asterisk does. */
  async length(media: string, recording: (name: string) => Buffer): Promise<number | undefined> {
    const [kind = "", name = ""] = split(media);
    try {
      if (kind === "recording") return duration(recording(name));
      if (kind === "sound" && /^https?:/.test(name)) return duration(await this.#fetch(name));
    } catch {
      return undefined;
    }
    if (kind === "number" || kind === "digits" || kind === "characters") return 500 * name.length;
    return this.missing.has(name) || kind !== "sound" ? undefined : (LENGTHS[name] ?? OTHERWISE_MS);
  }

  async #fetch(url: string): Promise<Buffer> {
    this.fetching++;
    try {
      const response = await fetch(url);
      const body = Buffer.from(await response.arrayBuffer());
      if (response.ok) this.cache.add(url);
      else this.cache.delete(url);
      if (!response.ok) throw new Error(`${url} answers ${response.status}`);
      return body;
    } finally {
      this.fetching--;
    }
  }
}

function split(media: string): string[] {
  const colon = media.indexOf(":");
  return [media.slice(0, colon), media.slice(colon + 1)];
}

function duration(file: Buffer): number {
  return secondsOf(samples(file)) * 1_000;
}
