import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import type { VoxpostError } from "../../src/errors.ts";
import { AriRequests } from "../../src/ivr/ari-requests.ts";
import { Asterisk } from "../../src/ivr/asterisk.ts";
import { markerOf } from "../../src/ivr/marker.ts";
import { createLogger } from "../../src/log.ts";
import { guardNames } from "../../src/program/names.ts";
import { PATIENCE } from "./site.ts";

/** A claim ends after five of these: not so soon that a machine that stands still for a moment loses one. */
const EVERY_MS = 200;

let labs: Lab[];
let one: AsteriskLab;
let two: AsteriskLab;
let redis: Redis;

beforeAll(async () => {
  labs = await Promise.all([
    startLab({ servers: ["asterisk", "redis"] }),
    startLab({ servers: ["asterisk"] }),
  ]);
  const [first, second] = labs.map(({ asterisk }) => asterisk);
  if (!first || !second) return;
  [one, two] = [first, second];
  redis = new Redis(labs[0]?.redis?.url ?? "");
}, 120_000);
afterAll(async () => {
  redis?.disconnect();
  await Promise.all((labs ?? []).map((lab) => lab.stop()));
});
beforeEach(async ({ skip }) => {
  if (!redis) skip(labs[0]?.asteriskMissing ?? "no Asterisk");
  await redis.flushall();
});

/** What a program does with the Asterisks that it names. */
function startProgram(instance: string, servers: Record<string, AsteriskLab>) {
  const faults: VoxpostError[] = [];
  const asterisks = Object.entries(servers).map(([name, { ari }]) => ({
    url: ari.url,
    asterisk: new Asterisk({
      ...ari,
      name,
      app: `names-${instance}-${name}`,
      log: createLogger("silent"),
      onReplaced: (error) => faults.push(error),
      retryMs: [20, 200],
    }),
  }));
  for (const { asterisk } of asterisks) asterisk.start();
  const onFault = (fault: VoxpostError) => void faults.push(fault);
  const stop = guardNames({ redis, instance, asterisks, onFault, everyMs: EVERY_MS });
  const end = async () => {
    stop();
    await Promise.all(asterisks.map(({ asterisk }) => asterisk.close()));
  };
  onTestFinished(end);
  return { faults, end };
}

const claimOf = async (name: string) =>
  JSON.parse((await redis.get(`voxpost:claim:name:${name}`)) ?? "{}") as Record<string, unknown>;

/** Until the claim of a name is this, and was renewed so often that a contradiction would have been told. */
async function isSettled(name: string, asterisk: AsteriskLab, where: string): Promise<void> {
  const says = await markerOf(new AriRequests(asterisk.ari));
  let first: unknown;
  await vi.waitFor(async () => {
    const claim = await claimOf(name);
    expect(claim).toMatchObject({ says, where: expect.stringContaining(where) });
    first ??= claim.beat;
    expect(Number(claim.beat) - Number(first)).toBeGreaterThan(10);
  }, PATIENCE);
}

test("a name that means another machine to an earlier program is refused, and the earlier one goes on", async () => {
  const a = startProgram("a", { pbx: one });
  await isSettled("pbx", one, "program a");
  const b = startProgram("b", { pbx: two });
  await vi.waitFor(() => expect(b.faults).toHaveLength(1), PATIENCE);
  const [fault] = b.faults;
  expect(fault?.code).toBe("CONFIG_INVALID");
  expect(fault?.message).toBe(
    `Two Asterisks have one name: "pbx" at ${two.ari.url} in program b is not the machine that is "pbx" at ${one.ari.url} in program a; ` +
      'give each Asterisk one name of its own under "asterisk", the same in every program, and start again',
  );
  await isSettled("pbx", one, "program a");
  expect(a.faults).toEqual([]);
});

test("two names for one machine are refused, in two programs and in one", async () => {
  const a = startProgram("a", { pbx: one });
  await isSettled("pbx", one, "program a");
  const b = startProgram("b", { exchange: one });
  await vi.waitFor(() => expect(b.faults).toHaveLength(1), PATIENCE);
  expect(b.faults[0]?.message).toContain(
    `One Asterisk has two names: "exchange" at ${one.ari.url} in program b is the machine that is "pbx"`,
  );
  expect(a.faults).toEqual([]);
  const alone = startProgram("c", { left: two, right: two });
  await vi.waitFor(() => expect(alone.faults).toHaveLength(1), PATIENCE);
  expect(alone.faults[0]?.message).toContain("One Asterisk has two names");
});

test("nobody is refused when Asterisk, a program or Redis begins anew", { timeout: 120_000 }, async () => {
  const programs = [startProgram("a", { pbx: one, other: two }), startProgram("b", { pbx: one, other: two })];
  await isSettled("pbx", one, "program");
  const before = await markerOf(new AriRequests(one.ari));
  one.kill();
  await one.exited;
  await one.restart();
  expect(await markerOf(new AriRequests(one.ari))).not.toBe(before);
  await isSettled("pbx", one, "program");

  await redis.flushall();
  await isSettled("pbx", one, "program");

  await one.console("dialplan set global VOXPOST_MARKER 0");
  await isSettled("pbx", one, "program");

  // A program that died left its claim behind; its Asterisk is another by now.
  await redis.flushall();
  const dead = { by: "dead", says: "gone", where: "the dead", beat: 7 };
  await redis.set("voxpost:claim:name:pbx", JSON.stringify(dead), "PX", 5 * EVERY_MS);
  await isSettled("pbx", one, "program");

  // It comes to another machine for good, and all programs are told so.
  await Promise.all(programs.map(({ end }) => end()));
  const moved = [startProgram("a", { pbx: two }), startProgram("b", { pbx: two })];
  await isSettled("pbx", two, "program");
  expect([...programs, ...moved].flatMap(({ faults }) => faults)).toEqual([]);
});
