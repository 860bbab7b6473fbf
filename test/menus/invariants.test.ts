import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import { KEYS } from "../../src/ivr/phrase.ts";
import { type Moment, Phone, type Reaction } from "./phone.ts";
import { World } from "./world.ts";

/** Whatever a caller does, the program neither throws, nor loses a message, nor keeps the line for ever. */

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeAll(() => {
  process.on("unhandledRejection", note);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** A few hundred in the short run; thousands in the long one. */
const RUNS = process.env.VOXPOST_TEST_ALL ? 3000 : 100;
const MOST_MOMENTS = 400;

/** Hears everything, presses what the list says at each moment, then nothing or hangs up. */
class Fuzzer {
  moments = 0;
  readonly react = (_moment: Moment): Reaction | undefined => {
    const presses = this.#keys[this.moments++];
    if (presses !== undefined) return { presses };
    return this.#hangsUp ? { hangsUp: true } : undefined;
  };

  readonly #keys: readonly string[];
  readonly #hangsUp: boolean;

  constructor(keys: readonly string[], hangsUp: boolean) {
    this.#keys = keys;
    this.#hangsUp = hangsUp;
  }
}

const key = fc.constantFrom(...KEYS, "", "", "1", "6", "7", "9", "#");
const entry = fc.constantFrom("1002#", "1002*9*1003#", "5551234#", "81002#2", "81002#1", "31", "35");
/** One key after the other, several at once, whole entries, and floods. */
const presses = fc.array(
  fc.oneof(
    key,
    fc.array(key, { maxLength: 6 }).map((keys) => keys.join("")),
    entry,
    fc.array(key, { minLength: 30, maxLength: 60 }).map((keys) => keys.join("")),
  ),
  {
    maxLength: 40,
  },
);

async function mailbox(nextAfterCommand = false): Promise<World> {
  const out = { dialplanContext: "out", allow: ["_NXXXXXX"] };
  const world = new World({ nextAfterCommand, sendVoicemail: true, callback: out, dialout: out });
  await world.message({ id: "u1", urgent: true, number: "1002" });
  for (const id of ["n1", "n2", "n3"]) await world.message({ id });
  await world.message({ id: "broken", says: "" });
  await world.message({ id: "o1", heard: true });
  await world.message({ id: "w1", folder: "Work" });
  return world;
}

const ALL = ["broken", "n1", "n2", "n3", "o1", "u1", "w1"];

const speech = fc.record({
  speaks: fc.nat({ max: 4 }),
  presses: fc.constantFrom("#", "0", "", "0#1"),
  hangsUp: fc.boolean(),
});

describe("retrieval", () => {
  it("ends within bounds, says goodbye once at most, and loses nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("", "1001", "s", "sr", "sa", "sa(2)"),
        presses,
        fc.array(speech, { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        async (how, keys, speeches, hangsUp, next) => {
          const world = await mailbox(next);
          try {
            const fuzzer = new Fuzzer(how === "" ? ["1001#", "1234#", ...keys] : keys, hangsUp);
            let spoken = 0;
            const phone = new Phone(
              (moment) => (moment.during === "recording" ? speeches[spoken++] : fuzzer.react(moment)),
              { extensions: ["out/5551234"] },
            );
            const args = how === "" ? ["", ""] : how === "1001" ? ["1001", ""] : ["1001", how];
            await world.serve(phone, args);
            expect(fuzzer.moments).toBeLessThan(MOST_MOMENTS);
            expect(phone.heard.filter((line) => line === "vm-goodbye").length).toBeLessThanOrEqual(1);
            expect(phone.left !== undefined).toBe(!phone.signal.aborted);
            const said = [...world.deposits.flat(), ...world.discarded];
            expect(said.sort()).toEqual([...phone.recorded, ...phone.notes].sort());
            if (phone.left?.to) expect(phone.left.to).toEqual({ context: "out", extension: "5551234" });
            for (const note of phone.notes) {
              expect(parseName(note).recipients.map(({ mailbox }) => mailbox)).toEqual(["1002"]);
            }
            expect(Object.keys(await world.messages()).sort()).toEqual(ALL);
            // Key 9 may save it as old on purpose.
            if (!keys.join("").includes("9")) {
              expect((await world.messages()).broken).not.toContain("heard");
            }
            expect(world.leftovers()).toEqual([]);
          } finally {
            world.remove();
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);

  it.each([false, true])(
    "carries out every mark whenever the caller hangs up, nextaftercmd %s",
    async (next) => {
      const script = ["1", "", "7", "6", "", "", "6", "7", "2", "2", "1", "", "7", "*", "7", "7", "#"];
      for (let moment = 0; moment <= script.length + 2; moment++) {
        const world = await mailbox(next);
        let seen = 0;
        const phone = new Phone(() => {
          const at = seen++;
          return at === moment ? { hangsUp: true } : { presses: script[at] ?? "" };
        });
        await world.serve(phone, ["1001", "s"]);
        const messages = await world.messages();
        expect(Object.keys(messages).sort()).toEqual(ALL);
        const said = (word: string) => phone.heard.filter((line) => line.startsWith(word)).length;
        const trashed = Object.values(messages).filter((where) => where.startsWith("Trash")).length;
        expect(trashed, `at moment ${moment}`).toBe(said("vm-deleted") - said("vm-undeleted"));
        expect(world.leftovers()).toEqual([]);
        world.remove();
      }
    },
  );

  it("carries out marks after the call when the store comes back", async () => {
    const world = await mailbox();
    const phone = new Phone(({ during, words }) => {
      if (words.includes("vm-deleted")) {
        world.away = true;
        setTimeout(() => {
          world.away = false;
        }, 0);
        return { hangsUp: true };
      }
      if (during === "message") return { presses: "7" };
      return words.includes("vm-onefor") ? { presses: "1" } : undefined;
    });
    await world.serve(phone, ["1001", "s"]);
    expect((await world.messages()).u1).toBe("Trash heard");
    world.remove();
  });
});

describe("deposit", () => {
  it("enqueues what was said exactly once, whatever is pressed and whenever the caller goes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("", "u", "ue", "ud", "bs", "uUPt()"),
        presses,
        fc.array(speech, { maxLength: 3 }),
        fc.boolean(),
        async (options, keys, speeches, hangsUp) => {
          const world = new World({ operator: true });
          const fuzzer = new Fuzzer(keys, hangsUp);
          let take = 0;
          const phone = new Phone(
            (moment) => (moment.during === "recording" ? speeches[take++] : fuzzer.react(moment)),
            { extensions: ["from-phones/o", "from-phones/12"] },
          );
          await world.take(phone, ["1001&1002", options]);
          expect(fuzzer.moments).toBeLessThan(MOST_MOMENTS);
          const kept = world.deposits.flat();
          expect(world.deposits.length).toBeLessThanOrEqual(1);
          const names = phone.recorded.map(
            (name) => world.renamed.find(([from]) => from === name)?.[1] ?? name,
          );
          expect([...kept, ...world.discarded].sort()).toEqual(names.sort());
          for (const name of phone.recorded) expect(parseName(name).recipients).toHaveLength(2);
          expect(phone.left !== undefined).toBe(!phone.signal.aborted);
          if (phone.left) expect(phone.variables.get("VMSTATUS")).toMatch(/^(SUCCESS|USEREXIT|FAILED)$/);
          world.remove();
        },
      ),
      { numRuns: RUNS },
    );
  }, 300_000);
});
