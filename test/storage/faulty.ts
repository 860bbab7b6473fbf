import { VoxpostError } from "../../src/errors.ts";
import type { Engine } from "../../src/storage/engine.ts";
import { aborted } from "../../src/storage/faults.ts";
import { layer, type Operation } from "../../src/storage/layers/layer.ts";

interface Fault {
  /** Left out: any operation. */
  readonly on?: Operation;
  readonly times: number;
  /** `hang` does nothing until the signal fires. */
  readonly error: VoxpostError | "hang";
  /** The operation is done, and only its answer is lost. */
  readonly after?: boolean;
  /** Operations that go well before. */
  readonly skip?: number;
}

export interface Faulty {
  readonly engine: Engine;
  /** Operations, in the order in which they came. */
  readonly calls: Operation[];
  /** From now on this goes wrong, and nothing else. */
  plan(fault: Fault): void;
  /** Does not answer any more, until it is told to. */
  die(): void;
  revive(): void;
}

/** An engine that fails, hangs or dies where a test says. */
export function faulty(inner: Engine): Faulty {
  const calls: Operation[] = [];
  let planned: Fault | undefined;
  let skipped = 0;
  let failed = 0;
  let dead = false;

  const next = (operation: Operation): Fault | undefined => {
    if (dead) return { times: 1, error: new VoxpostError("STORE_UNREACHABLE", `${inner.name} is dead`) };
    if (!planned || (planned.on !== undefined && planned.on !== operation)) return undefined;
    if (skipped < (planned.skip ?? 0)) {
      skipped++;
      return undefined;
    }
    return failed++ < planned.times ? planned : undefined;
  };

  const engine = layer(inner, async (operation, signal, run) => {
    calls.push(operation);
    const fault = next(operation);
    if (!fault) return run(signal);
    if (fault.after) await run(signal);
    if (fault.error !== "hang") throw fault.error;
    return new Promise((_, reject) => {
      if (signal?.aborted) reject(aborted(signal));
      signal?.addEventListener("abort", () => reject(aborted(signal)), { once: true });
    });
  });

  return {
    engine,
    calls,
    plan(fault) {
      planned = fault;
      skipped = 0;
      failed = 0;
    },
    die() {
      dead = true;
    },
    revive() {
      dead = false;
      planned = undefined;
    },
  };
}
