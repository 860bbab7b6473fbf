import { afterAll, beforeAll, describe, test } from "vitest";
import { startRealWorld } from "./real.ts";
import { startSimulatedWorld, stopShared } from "./simulated.ts";
import type { World } from "./world.ts";

type Play = (world: World) => Promise<void>;

interface Scenario {
  readonly name: string;
  readonly play: Play;
  /** Where it can only be played in one world: which, and why. */
  readonly only?: { readonly world: "simulated" | "real"; readonly because: string };
}

const scenarios: Scenario[] = [];

/** Something that happens on the telephone, told once, and played on the simulated and on the real Asterisk. */
export function scenario(name: string, play: Play, only?: Scenario["only"]): void {
  scenarios.push({ name, play, ...(only ? { only } : {}) });
}

/** Declares the tests of all scenarios told so far. */
export function playScenarios(): void {
  describe("simulated Asterisk", () => {
    afterAll(stopShared);
    for (const { name, play, only } of scenarios) {
      const skipped = only?.world === "real";
      test.skipIf(skipped)(skipped ? `${name} (real only: ${only.because})` : name, async () => {
        const world = await startSimulatedWorld();
        try {
          await play(world);
        } finally {
          await world.close();
        }
      });
    }
  });

  describe("real Asterisk", () => {
    let world: (World & { close(): Promise<void> }) | { missing: string };
    beforeAll(async () => {
      world = await startRealWorld();
    }, 300_000);
    afterAll(async () => {
      if ("close" in world) await world.close();
    });
    for (const { name, play, only } of scenarios) {
      const skipped = only?.world === "simulated";
      test.skipIf(skipped)(
        skipped ? `${name} (simulated only: ${only.because})` : name,
        async (context) => {
          if ("missing" in world) return context.skip(world.missing);
          await play(world);
        },
        120_000,
      );
    }
  });
}
