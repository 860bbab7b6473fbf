import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MB = 2 ** 20;

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
    this.#most = Math.max(this.#most, heldMegabytes() - this.#before);
  }

  get bytes(): number {
    return this.#passed;
  }

  get megabytes(): number {
    return this.#most;
  }
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Buffers take two rounds to go. */
function heldMegabytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
}
