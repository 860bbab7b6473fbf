import { expect } from "vitest";

/** Said when something takes long; that depends on the machine, so scenarios do not hear it. */
const PATIENCE = "one-moment-please";

interface Sound {
  readonly name: string;
  /** What is said together; a key ends all of it. */
  readonly playback: string;
}

/** What one telephone has heard, and how far a scenario has come in it. */
export class Heard {
  readonly #sounds: Sound[] = [];
  #next = 0;
  /** What was being said when keys were pressed last. */
  #interrupted: string | undefined;

  /** Sounds so far. */
  get count(): number {
    return this.#sounds.length;
  }

  add(name: string, playback = ""): void {
    if (name !== PATIENCE) this.#sounds.push({ name, playback });
  }

  /** Keys are pressed now. A key takes time: on a busy machine the next words of what it ends may begin before it arrives. */
  interrupt(): void {
    this.#interrupted = this.#sounds.at(-1)?.playback || undefined;
  }

  /** Whether these many more have been heard, or something else than expected. */
  isDecided(expected: readonly string[]): boolean {
    const more = this.#after(expected).slice(0, expected.length);
    return more.length === expected.length || more.some((sound, index) => sound !== expected[index]);
  }

  /** Takes what was expected. Fails when anything else was heard. */
  take(expected: readonly string[]): void {
    const after = this.#after(expected);
    const from = this.#sounds.length - after.length;
    const more = after.slice(0, expected.length);
    this.#next = from + more.length;
    if (more.length > 0) this.#interrupted = undefined;
    const before = this.#sounds.slice(0, from).map(({ name }) => name);
    expect(more, `heard before: ${before.join(" ")}`).toEqual(expected);
  }

  /** Lets go of everything that was heard so far. */
  skip(): void {
    this.#next = this.#sounds.length;
  }

  /** What was heard since, without the rest of what a key ended. */
  #after(expected: readonly string[]): string[] {
    const more = this.#sounds.slice(this.#next);
    if (more[0]?.name === expected[0]) return more.map(({ name }) => name);
    const first = more.findIndex(({ playback }) => playback !== this.#interrupted);
    return (first < 0 && this.#interrupted !== undefined ? [] : more.slice(Math.max(first, 0))).map(
      ({ name }) => name,
    );
  }
}
