import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MB = 2 ** 20;
/** Shortest pause between two measurements by the clock, milliseconds; at most a tenth of the time goes into measuring. */
const PAUSE_MS = 20;

/** Most that is in use while something large passes by, beyond what was in use before. Garbage does not count. */
export class Growth {
  readonly #before = heldMegabytes();
  #most = 0;
  #passed = 0;
  #measured = 0;

  /** Measures at every tenth megabyte. */
  passes(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed - this.#measured < 10 * MB) return;
    this.#measured = this.#passed;
    this.#measure();
  }

  /** Measures by the clock as well: what is on its way out is not seen passing. */
  async during<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout;
    const measure = () => {
      const started = performance.now();
      this.#measure();
      wait(performance.now() - started);
    };
    const wait = (tookMs: number) => {
      timer = setTimeout(measure, Math.max(PAUSE_MS, 9 * tookMs));
    };
    wait(0);
    return work.finally(() => clearTimeout(timer));
  }

  get bytes(): number {
    return this.#passed;
  }

  get megabytes(): number {
    return this.#most;
  }

  #measure(): void {
    this.#most = Math.max(this.#most, heldMegabytes() - this.#before);
  }
}

setFlagsFromString("--expose-gc");
/** Takes away all garbage, now. */
export const collect = runInNewContext("gc") as () => void;

/** Buffers take two rounds to go. */
function heldMegabytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
}
