import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { settle } from "./account.ts";
import { FuzzCaller, told } from "./caller.ts";
import { plansOf } from "./plan.ts";
import { type Site, startSite } from "./site.ts";

/**
 * Whatever callers press, say or leave off, and whenever they go: the real program, on a simulated Asterisk. A failure names its
 * seed; VOXPOST_FUZZ_SEED repeats it, and VOXPOST_FUZZ_CALLS says how many calls a round has.
 */
const SEED = Number(process.env.VOXPOST_FUZZ_SEED ?? Date.now() % 1_000_000);
const CALLS = Number(process.env.VOXPOST_FUZZ_CALLS ?? 100);
/** A hundred calls in the short run, thousands in the long one. */
const ROUNDS = process.env.VOXPOST_FUZZ_SEED ? 1 : process.env.VOXPOST_TEST_ALL ? 30 : 1;
/** Simulated time in which every call and all its deliveries have ended. */
const LONGEST_CALL_MS = 30 * 60_000;
const LONGEST_DELIVERY_MS = 5 * 60_000;
/** Answers are as late as this, milliseconds, by turns. */
const LATE = [20, 50, 100, 200, 1_000];

let lab: Lab;
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeAll(async () => {
  lab = await startLab({ servers: ["redis"] });
  process.on("unhandledRejection", note);
});
afterAll(async () => {
  process.off("unhandledRejection", note);
  await lab?.stop();
});

describe("whatever callers do", () => {
  const seeds = Array.from({ length: ROUNDS }, (_, round) => SEED + round);
  test.each(seeds)(
    `${CALLS} calls, seed %i`,
    async (seed) => {
      unhandled.length = 0;
      const site = await startSite(lab.redis?.url ?? "");
      try {
        const callers = plansOf(seed, CALLS).map((plan) => new FuzzCaller(site.asterisk, plan));
        await run(site, callers);
        for (const caller of callers) isWellBehaved(caller);
        const counts = settle(callers, await site.stored());
        expect(counts.kept ?? 0, "messages").toBeGreaterThan(0);
        expect(site.errors).toEqual([]);
        expect(unhandled).toEqual([]);
      } finally {
        await site.close();
      }
    },
    120_000,
  );
});

/** Until all calls are over and all that they left is done. */
async function run({ clock, ...site }: Site, callers: readonly FuzzCaller[]): Promise<void> {
  for (const caller of callers) caller.start();
  const until = async (isDone: () => boolean, withinMs: number, what: () => string) => {
    const end = Date.now() + withinMs;
    for (let turn = 0; !isDone(); turn++) {
      if (Date.now() > end) throw new Error(`after ${withinMs / 60_000} minutes ${what()}`);
      await clock.leap(LATE[turn % LATE.length] ?? 100);
    }
  };
  const going = () => callers.filter((caller) => !caller.isOver);
  await until(
    () => going().length === 0,
    LONGEST_CALL_MS,
    () => `these calls have not ended:\n${going().map(told).join("\n")}`,
  );
  await until(
    () => site.leftovers().length === 0,
    LONGEST_DELIVERY_MS,
    () => `this is left:\n${site.leftovers().join("\n")}`,
  );
}

function isWellBehaved(caller: FuzzCaller): void {
  const goodbyes = caller.story.filter((one) => one.is === "hears" && one.sound === "vm-goodbye").length;
  expect(goodbyes, `goodbyes\n${told(caller)}`).toBeLessThanOrEqual(1);
}
