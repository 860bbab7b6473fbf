import fc from "fast-check";
import type { Entry } from "../asterisk/dialplan.ts";

/** What one caller is going to do, whatever they hear. */
export interface Plan {
  readonly entry: Entry;
  readonly args: readonly [mailbox: string, options?: string, detail?: string];
  readonly number: string;
  /** When the call begins, milliseconds after the first of its round. */
  readonly arrives: number;
  /** Between the answer and the end, one after the other. */
  readonly steps: readonly Step[];
  /** For each recording that begins. */
  readonly speeches: readonly Speech[];
  /** At the so-many-th event of the call, whatever it is. */
  readonly strikes: readonly Strike[];
  /** After the last step; who does not waits until the other side has had enough. */
  readonly hangsUp: boolean;
}

interface Step {
  /** Milliseconds. */
  readonly after: number;
  /** All pressed in the same moment. */
  readonly keys: string;
}

interface Strike {
  readonly event: number;
  /** Keys; empty: hangs up. */
  readonly keys: string;
}

export interface Speech {
  readonly hertz: number;
  readonly seconds: number;
  /** Then the phone sends no RTP for so long, and the words come again. */
  readonly pause: number;
  readonly ends: "presses #" | "presses 0" | "hangs up" | "is silent" | "sends nothing" | "floods";
}

const DIGITS = [..."0123456789*#"];
const key = fc.constantFrom(...DIGITS, "1", "1", "6", "7", "#", "3");
const keys = (min: number, max: number) =>
  fc.array(key, { minLength: min, maxLength: max }).map((each) => each.join(""));

/** What people press who know their way; the rest is noise. */
const PHRASES = [
  ..."1 7 6 4 5 9 8 0 2 3 * #".split(" "),
  ..."92 91 35 33 36 0* 01 03 04 06 20 21 22 2# 7676 77".split(" "),
  ..."81001#2 81002#1 81004*1003#2 8*1001#2 81009#* 351002# 351003# 311 32 345551234# 3212345#".split(" "),
  ..."1001# 4711# 1002# 4712# 1001#4711# 1002#9999# # *0 05 054444#4444#".split(" "),
];
const phrase = fc.constantFrom(...PHRASES);
const step = fc.record({
  after: fc.oneof(fc.nat({ max: 400 }), fc.nat({ max: 4_000 }), fc.constantFrom(0, 8_000, 15_000)),
  keys: fc.oneof(
    { weight: 6, arbitrary: phrase },
    { weight: 4, arbitrary: key },
    { weight: 2, arbitrary: keys(2, 6) },
    { weight: 1, arbitrary: keys(30, 120) },
  ),
});
const speech: fc.Arbitrary<Speech> = fc.record({
  hertz: fc.integer({ min: 8, max: 60 }).map((tens) => tens * 20),
  seconds: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(3, 4, 5, 8) },
    { weight: 1, arbitrary: fc.constantFrom(0.2, 0.5, 30) },
  ),
  pause: fc.constantFrom(0, 0, 0, 0, 5, 9),
  ends: fc.constantFrom(
    "presses #",
    "presses #",
    "presses 0",
    "hangs up",
    "is silent",
    "sends nothing",
    "floods",
  ),
});
const strike = fc.record({
  event: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 60 })),
  keys: fc.oneof({ weight: 1, arbitrary: fc.constant("") }, { weight: 2, arbitrary: keys(1, 3) }),
});

const OWNERS = ["1001", "1002", "1003", "1004"];
const owner = fc.constantFrom(...OWNERS);
const deposit = fc.record({
  entry: fc.constant<Entry>("deposit"),
  args: fc.tuple(
    fc.constantFrom(
      "1001",
      "1002",
      "1002",
      "1002",
      "1003",
      "1003",
      "1004",
      "1001&1002",
      "1002&1003",
      "1005",
      "",
      "4711",
    ),
    fc.constantFrom("u", "u", "b", "s", "", "us", "uU", "uP", "d(exits)u", "t()u", "t(nowhere)", "ue"),
  ),
});
const retrieve = fc.record({
  entry: fc.constant<Entry>("retrieve"),
  args: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(owner, fc.constantFrom("s", "s", "s", "sr", "sa", "sa(Work)", "sp")) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom("", ...OWNERS, "4711")) },
  ),
});
const others = fc.oneof(
  fc.record({
    entry: fc.constant<Entry>("directory"),
    args: fc.tuple(
      fc.constant("default"),
      fc.constant("exits"),
      fc.constantFrom("", "f", "b", "m", "e", "s"),
    ),
  }),
  fc.record({ entry: fc.constant<Entry>("authenticate"), args: fc.tuple(fc.constantFrom("", ...OWNERS)) }),
  fc.record({ entry: fc.constant<Entry>("sayname"), args: fc.tuple(fc.constantFrom("4711", ...OWNERS)) }),
  fc.record({ entry: fc.constant<Entry>("play"), args: fc.tuple(owner, fc.constant("0".repeat(32))) }),
);

const plan: fc.Arbitrary<Plan> = fc
  .record({
    goal: fc.oneof(
      { weight: 10, arbitrary: deposit },
      { weight: 10, arbitrary: retrieve },
      { weight: 2, arbitrary: others },
    ),
    number: fc.constantFrom("5550101", "5550102", "1002", "", "anonymous"),
    arrives: fc.nat({ max: 30_000 }),
    steps: fc.array(step, { maxLength: 30 }),
    speeches: fc.array(speech, { minLength: 1, maxLength: 6 }),
    strikes: fc.array(strike, { maxLength: 2 }),
    hangsUp: fc.boolean(),
  })
  .map(({ goal, ...rest }) => ({ ...goal, ...rest }));

/** The same plans for the same seed. */
export function plansOf(seed: number, calls: number): Plan[] {
  return fc.sample(plan, { seed, numRuns: calls });
}
