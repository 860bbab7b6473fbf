import { samples, secondsOf, silence, slice } from "./wav.ts";

/** What a phone sends: speech, silence, or no RTP at all (a phone with silence suppression, or a dead line). */
export type Sending = "speech" | "silence" | "nothing";

interface Stretch {
  readonly what: Sending;
  readonly from: number;
  readonly pcm?: Buffer;
}

/** The audio that a phone has sent to Asterisk, by the clock. */
export class Microphone {
  readonly #stretches: Stretch[] = [{ what: "silence", from: Date.now() }];
  #listeners = new Set<() => void>();
  #speechEnds: NodeJS.Timeout | undefined;

  /** What is sent now, and since when. */
  get now(): { readonly what: Sending; readonly since: number } {
    const last = this.#stretches.at(-1);
    return { what: last?.what ?? "nothing", since: last?.from ?? 0 };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says the words of a WAV file; silence follows. Resolves when they are said, or cut short. */
  speak(file: Buffer): Promise<void> {
    const pcm = samples(file);
    this.#begin({ what: "speech", from: Date.now(), pcm });
    return new Promise((resolve) => {
      const over = this.onChange(() => {
        over();
        resolve();
      });
      this.#speechEnds = setTimeout(() => this.send("silence"), secondsOf(pcm) * 1_000);
    });
  }

  send(what: "silence" | "nothing"): void {
    this.#begin({ what, from: Date.now() });
  }

  #begin(stretch: Stretch): void {
    clearTimeout(this.#speechEnds);
    this.#stretches.push(stretch);
    for (const listener of [...this.#listeners]) listener();
  }

  /** What came in between two moments; where nothing was sent, nothing came. */
  heard(from: number, to: number): { readonly pcm: Buffer; readonly speechMs: number } {
    let speechMs = 0;
    const pieces = this.#stretches.map((stretch, index) => {
      const start = Math.max(from, stretch.from);
      const end = Math.min(to, this.#stretches[index + 1]?.from ?? to);
      if (end <= start || stretch.what === "nothing") return Buffer.alloc(0);
      if (!stretch.pcm) return silence(end - start);
      speechMs += end - start;
      return slice(stretch.pcm, start - stretch.from, end - stretch.from);
    });
    return { pcm: Buffer.concat(pieces), speechMs };
  }
}
