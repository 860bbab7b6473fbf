import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Plan } from "./callers.ts";
import { Chaos } from "./chaos.ts";
import { faultNamed } from "./faults.ts";
import type { Point } from "./moments.ts";
import { adopted, asteriskKilled, both, crowd, diskFilled, together } from "./named.ts";
import { type Stage, startStage } from "./stage.ts";

const SEED = 20_260_101;

const caller = (does: Plan["does"], box: string): Partial<Plan> => ({ does, extension: box, boxes: [box] });

/** What strikes at each chosen point of a call in the short form, and who gets there: one wave after the other. */
const WAVES: readonly (readonly (readonly [Point, string, Partial<Plan>])[])[] = [
  [
    ["the greeting", "Redis at its memory limit", caller("press #", "1001")],
    ["just after marking urgent", "call program killed", caller("mark urgent", "1061")],
    ["just after hanging up", "answer to APPEND lost", caller("hang up", "1003")],
  ],
  [
    ["the recording", "FLUSHALL", caller("hang up", "1002")],
    ["between two takes", "worker killed", caller("record again", "1062")],
    ["the review menu", "Asterisk's sockets dropped", caller("accept", "1063")],
  ],
];

describe("nothing is lost, doubled or mixed up", () => {
  let stage: Stage | { missing: string } | undefined;
  const close = async () => {
    if (stage && !("missing" in stage)) await stage.close();
    stage = undefined;
  };
  beforeAll(async () => {
    stage = await startStage();
  }, 300_000);
  afterAll(close);

  const run = (name: string, withinMs: number, play: (chaos: Chaos) => Promise<void>) =>
    test(name, { timeout: withinMs + 60_000 }, async (context) => {
      stage ??= await startStage();
      if ("missing" in stage) return context.skip(stage.missing);
      const lines: string[] = [];
      const chaos = new Chaos(stage, SEED, (line) => lines.push(line));
      await play(chaos);
      const { wrong } = await chaos.finish({ settleMs: withinMs / 2 });
      // What one has left over is not to be the next one's fault.
      if (wrong.length > 0) await close();
      expect(wrong, [...wrong, "", ...lines].join("\n")).toEqual([]);
    });

  run(
    "when two hang up together, a message is for two, and a fault strikes at each point of a call",
    180_000,
    async (chaos) => {
      await Promise.all([together(chaos, 1), both(chaos)]);
      for (const wave of WAVES) {
        for (const [point, fault] of wave) chaos.arm(point, faultNamed(fault));
        await Promise.all(wave.map(([, , plan]) => chaos.call(plan)));
        await chaos.healed();
      }
    },
  );

  const all = process.env.VOXPOST_TEST_ALL;
  const long = (name: string, withinMs: number, play: (chaos: Chaos) => Promise<void>) =>
    all
      ? run(name, withinMs, play)
      : test(name, (context) => context.skip("long: `npm run test:all`, or `npm run chaos`"));

  long("when Asterisk is killed while it records", 300_000, asteriskKilled);
  long("when Asterisk's disk fills up while it records", 180_000, diskFilled);
  long("when a program dies under somebody who speaks", 180_000, adopted);
  long("when 200 callers leave 45 messages a second", 600_000, (chaos) => crowd(chaos, 200, 400));
  long("when everything is killed, frozen, cut off, filled up and emptied at random", 900_000, (chaos) =>
    chaos.storm({ lines: 8, calls: 1_000, minutes: 3 }),
  );
});
