import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, test } from "vitest";
import { startRealWorld } from "./real.ts";
import { startSimulatedWorld, stopShared } from "./simulated.ts";
import type { World } from "./world.ts";

type Play = (world: World) => Promise<void>;

interface Scenario {
  readonly name: string;
  readonly play: Play;
  readonly stage: Stage;
}

export interface Stage {
  /** Where it can only be played in one world: which, and why. */
  readonly only?: "simulated" | "real";
  readonly because?: string;
  /** It stops a server that others need: on the real one nothing else is played meanwhile. */
  readonly alone?: boolean;
}

const scenarios: Scenario[] = [];
/** What a scenario that took too long may still take to end. */
const ENDS_WITHIN_MS = 20_000;

/** Something that happens on the telephone, told once, and played on the simulated and on the real Asterisk. */
export function scenario(name: string, play: Play, stage: Stage = {}): void {
  scenarios.push({ name, play, stage });
}

/** Its time is over. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Declares the tests of all scenarios told so far, on the simulated Asterisk. */
export function playSimulated(): void {
  describe("simulated Asterisk", () => {
    afterAll(stopShared);
    // All share one faked clock: one that took too long ends, with its world, before the next one begins.
    let before: Promise<unknown> = Promise.resolve();
    for (const { name, play, stage } of scenarios) {
      test(name, { timeout: 120_000 }, async (context) => {
        if (stage.only === "real") return context.skip(stage.because);
        await before;
        const world = await startSimulatedWorld();
        const playing = play(world);
        const closed = Promise.race([playing, aborted(context.signal)]).finally(world.close);
        before = Promise.race([
          Promise.allSettled([closed, playing]),
          sleep(ENDS_WITHIN_MS, undefined, { ref: false }),
        ]);
        await closed;
      });
    }
  });
}

/** Declares the tests of all scenarios told so far, on the real Asterisk of a lab. */
export function playReal(): void {
  describe("real Asterisk", () => {
    let world: (World & { close(): Promise<void> }) | { missing: string };
    beforeAll(async () => {
      world = await startRealWorld();
    }, 300_000);
    afterAll(async () => {
      if ("close" in world) await world.close();
    });
    const declare = ({ name, play, stage }: Scenario) => {
      test(name, {
        concurrent: !stage.alone,
        timeout: 120_000,
      }, async (context) => {
        if (stage.only === "simulated") return context.skip(stage.because);
        if ("missing" in world) return context.skip(world.missing);
        await play(world);
      });
    };
    for (const each of scenarios.filter(({ stage }) => !stage.alone)) declare(each);
    describe.sequential("one at a time", () => {
      for (const each of scenarios.filter(({ stage }) => stage.alone)) declare(each);
    });
  });
}
