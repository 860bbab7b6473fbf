import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import type { Server } from "../../lab/processes.ts";
import { PATIENCE, type Site, startSite } from "./site.ts";

const TIMEOUT = 90_000;

let site: Site;
let missing: string | undefined;
beforeAll(async () => {
  const started = await startSite();
  if ("missing" in started) missing = started.missing;
  else site = started;
}, 180_000);
beforeEach(({ skip }) => {
  if (missing) skip(missing);
});
afterAll(() => site?.close());

/** Calls that both programs have begun. */
function servedByBoth(): string[] {
  const others = new Set(site.served(site.b));
  return site.served(site.a).filter((call) => others.has(call));
}

async function expectNobodyLeft(...asterisks: AsteriskLab[]): Promise<void> {
  for (const asterisk of asterisks) {
    await vi.waitFor(
      async () => expect(await asterisk.console("core show channels")).toContain("0 active calls"),
      PATIENCE,
    );
  }
}

const servedBy = (program: Server, count: number) =>
  vi.waitFor(() => expect(site.served(program).length).toBe(count), PATIENCE);

test("two programs on two Asterisks: one is killed in mid-call, and the other does its work", {
  timeout: TIMEOUT,
  retry: 0,
}, async () => {
  const { a, b, one, two } = site;
  const onOne = await site.callerSpeaks(one, "1001");
  const onTwo = await site.callerSpeaks(two, "1002");
  await servedBy(a, 1);
  await servedBy(b, 1);

  const [killed = ""] = site.served(a);
  a.kill();
  await a.exited;
  // The other program takes the call over, and lets the caller finish.
  const channel = killed.split(" ")[1];
  await vi.waitFor(() => expect(site.takenOver(b)).toContain(channel), PATIENCE);
  // The call on the other Asterisk goes on as if nothing had happened.
  await onTwo.hangUp();
  await site.has("1002", 1);

  // Whoever calls where the dead one was tried first is served all the same.
  const next = await site.callerSpeaks(one, "1003");
  await servedBy(b, 2);
  await next.hangUp();
  await site.has("1003", 1);

  await onOne.hangUp();
  await site.has("1001", 1);

  expect(servedByBoth()).toEqual([]);
  await expectNobodyLeft(one, two);
});

test("a program that takes one Asterisk for another ends, and says why; the others go on", {
  timeout: TIMEOUT,
  retry: 0,
}, async ({ skip }) => {
  if (!process.env.VOXPOST_TEST_ALL) skip("a start, and ten seconds until it is certain: test:all");
  const { a, b, one, two } = site;
  const wrong = await site.startProgram("c", two, one);
  expect(await wrong.exited).toBe(1);
  const said = readFileSync(wrong.log, "utf8");
  expect(said).toContain("voxpost: Two Asterisks have one name");
  for (const asterisk of [one, two]) expect(said).toContain(asterisk.ari.url);
  if (!a.running) await a.restart();
  const caller = await site.callerSpeaks(one, "1004");
  await caller.hangUp();
  await site.has("1004", 1);
  expect(b.running).toBe(true);
});

test("programs are replaced one after the other, and no call is dropped", {
  timeout: TIMEOUT,
  retry: 0,
}, async ({ skip }) => {
  if (!process.env.VOXPOST_TEST_ALL) skip("four calls in real time and two starts: test:all");
  if (!site.a.running) await site.a.restart();
  const { a, b, one, two } = site;
  const replace = async (
    asterisk: AsteriskLab,
    program: Server,
    other: Server,
    boxes: readonly [string, string],
  ) => {
    const others = site.served(other).length;
    const during = await site.callerSpeaks(asterisk, boxes[0]);
    process.kill(program.pid, "SIGTERM");
    // It takes no new call, and keeps the one it has.
    const meanwhile = await site.callerSpeaks(asterisk, boxes[1]);
    await servedBy(other, others + 1);
    expect(program.running).toBe(true);
    await meanwhile.hangUp();
    await during.hangUp();
    expect(await program.exited).toBe(0);
    await site.has(boxes[0], 1);
    await site.has(boxes[1], 1);
    await program.restart();
  };
  await replace(one, a, b, ["1011", "1012"]);
  await replace(two, b, a, ["1013", "1014"]);
  expect(servedByBoth()).toEqual([]);
  await expectNobodyLeft(one, two);
});
