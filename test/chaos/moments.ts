/** Places in a call at which something is worth breaking. */
export const POINTS = [
  "the greeting",
  "the recording",
  "just after hanging up",
  "the review menu",
  "between two takes",
  "just after marking urgent",
] as const;
export type Point = (typeof POINTS)[number];

/** Ties faults to the places at which they are to strike: the first caller who gets there meets it. */
export class Moments {
  readonly #armed = new Map<Point, () => Promise<void>>();

  arm(point: Point, strike: () => Promise<void>): void {
    this.#armed.set(point, strike);
  }

  /** Whether something still waits to strike there. */
  isArmed(point: Point): boolean {
    return this.#armed.has(point);
  }

  disarm(): void {
    this.#armed.clear();
  }

  /** A caller is there. Resolves when what was to strike has struck. */
  async reach(point: Point): Promise<void> {
    const strike = this.#armed.get(point);
    this.#armed.delete(point);
    await strike?.();
  }
}
