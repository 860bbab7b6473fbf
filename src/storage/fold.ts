/**
 * Runs one task for each key at a time and a bounded number in all. Requests for a key whose task has not begun are
 * folded into that one; once it has begun they make the next, because it may have looked too early to see their change.
 */
export class Fold<Detail, Result> {
  readonly #waiting = new Map<string, { details: Set<Detail>; result: Promise<Result> }>();
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #queue: Array<() => void> = [];
  readonly #task: (key: string, details: ReadonlySet<Detail>) => Promise<Result>;
  #free: number;

  constructor(atOnce: number, task: (key: string, details: ReadonlySet<Detail>) => Promise<Result>) {
    this.#free = atOnce;
    this.#task = task;
  }

  request(key: string, detail: Detail): Promise<Result> {
    const waiting = this.#waiting.get(key);
    if (waiting) {
      waiting.details.add(detail);
      return waiting.result;
    }
    const details = new Set([detail]);
    const result = this.#run(key, details);
    this.#waiting.set(key, { details, result });
    return result;
  }

  async #run(key: string, details: ReadonlySet<Detail>): Promise<Result> {
    await this.#running.get(key);
    await this.#slot();
    this.#waiting.delete(key);
    const task = this.#task(key, details);
    const settled = task.then(
      () => {},
      () => {},
    );
    this.#running.set(key, settled);
    try {
      return await task;
    } finally {
      if (this.#running.get(key) === settled) this.#running.delete(key);
      this.#release();
    }
  }

  async #slot(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #release(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free++;
  }
}
