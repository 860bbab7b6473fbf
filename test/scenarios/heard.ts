import { expect } from "vitest";

/** What one telephone has heard, and how far a scenario has come in it. */
export class Heard {
  readonly #sounds: string[] = [];
  #next = 0;

  add(sound: string): void {
    this.#sounds.push(sound);
  }

  /** Whether these many more have been heard, or something else than expected. */
  isDecided(expected: readonly string[]): boolean {
    const more = this.#sounds.slice(this.#next, this.#next + expected.length);
    return more.length === expected.length || more.some((sound, index) => sound !== expected[index]);
  }

  /** Takes what was expected. Fails when anything else was heard. */
  take(expected: readonly string[]): void {
    const more = this.#sounds.slice(this.#next, this.#next + expected.length);
    this.#next += more.length;
    expect(more, `heard before: ${this.#sounds.slice(0, this.#next - more.length).join(" ")}`).toEqual(
      expected,
    );
  }

  /** Lets go of everything that was heard so far. */
  skip(): void {
    this.#next = this.#sounds.length;
  }
}
