import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { collect } from "../../bench/growth.ts";
import { hearMessage } from "./owner.ts";
import { startSimulatedWorld, stopShared } from "./simulated.ts";

/**
 * What belongs to a call or a job must be garbage when that is over, or the program grows with each of them, for months. Calls, jobs
 * and requests all have an AbortController, and whatever was forgotten in a table or on somebody's list of listeners holds its signal.
 */

const CALLS = 8;

const made: WeakRef<AbortSignal>[] = [];
let world: Awaited<ReturnType<typeof startSimulatedWorld>>;

beforeAll(async () => {
  class Remembered extends AbortController {
    constructor() {
      super();
      made.push(new WeakRef(this.signal));
    }
  }
  vi.stubGlobal("AbortController", Remembered);
  world = await startSimulatedWorld();
});
afterAll(async () => {
  await world.close();
  await stopShared();
  vi.unstubAllGlobals();
});

test("calls and jobs leave nothing in memory", async () => {
  const box = world.box();
  await depositAndListen(box);
  const [before, first] = [await alive(), made.length];
  for (let call = 0; call < CALLS; call++) await depositAndListen(box);
  expect(made.length).toBeGreaterThan(first + 10 * CALLS);
  await expect.poll(alive, { timeout: 10_000 }).toBeLessThan(before + CALLS / 2);
}, 60_000);

/** Somebody leaves a message; its owner hears and deletes it. */
async function depositAndListen(box: string): Promise<void> {
  const owner = await world.owner(box);
  await hearMessage(world, owner, box);
  await owner.presses("7");
  await owner.hears("vm-deleted");
  await owner.hangsUp();
  await world.mailbox(box).has({});
}

/** `fetch` lets go of a signal when one collection has found that its request is over, and the next one takes it. */
async function alive(): Promise<number> {
  for (let collection = 0; collection < 3; collection++) {
    await turn();
    collect();
  }
  return made.filter((each) => each.deref()).length;
}
