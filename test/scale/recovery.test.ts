import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { VoxpostError } from "../../src/errors.ts";
import { AskedCounts } from "../../src/jobs/asked-counts.ts";
import { mwi } from "../../src/jobs/mwi.ts";
import { Queues } from "../../src/jobs/queues.ts";
import { Recovery } from "../../src/jobs/recovery.ts";
import { jobNames } from "../../src/jobs/table.ts";
import { type Processors, Workers } from "../../src/jobs/worker.ts";
import { createLogger } from "../../src/log.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { createPins } from "../../src/storage/pins.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { DiskSnapshots } from "../../src/storage/snapshot.ts";
import { newMessage } from "../storage/samples.ts";
import { accountsOf, PATIENCE } from "./site.ts";

/** As after a long outage. */
const FIVE_MINUTES = 300_000;
/** Mailboxes that nobody used yet. */
let used = 1000;
const fresh = (count: number) => Array.from({ length: count }, () => String(++used));
const box = (mailbox: string) => ({ mailbox, context: "default" });
const log = createLogger("silent");
const NOTHING = Object.fromEntries(jobNames.map((name) => [name, undefined])) as Processors;

let lab: Lab;
let folder: string;
beforeAll(async () => {
  lab = await startLab({ servers: ["redis", "imap"] });
  folder = await mkdtemp(join(tmpdir(), "voxpost-recovery-"));
}, 120_000);
afterAll(async () => {
  await lab?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Counts mailboxes on a real Dovecot for lamps that say what they were told; whatever fails is put off for five minutes. */
async function startProgram(deposit: Processors["deposit"] = async () => {}) {
  const tree = { ...accountsOf(lab), max_watched: 0 };
  const redis = lab.redis?.url ?? "";
  const queues = new Queues({ redis, log, onCount: (...asking) => asked.note(...asking) });
  const asked = new AskedCounts({
    redis: queues.redis,
    ask: (mailbox) => queues.refresh(mailbox),
    log,
    everyMs: 100,
  });
  const engine = createEngine(tree, {
    log,
    folder,
    onBack: (state) => (state === "closed" ? recovery.back() : recovery.sign()),
  });
  const check = (signal: AbortSignal) => engine.check(signal);
  const recovery = new Recovery({ queues, check, log, everyMs: 500, settleMs: 100 });
  const store = new EngineStore({ engine, log, pins: createPins(() => undefined) });
  await store.open();
  const snapshots = new DiskSnapshots({ store, folder, maxMessages: () => undefined, log });
  const told: string[] = [];
  const lamp = {
    publish: async ({ mailbox }: { mailbox: string }, counts: { new: number }) =>
      void told.push(`${mailbox}: ${counts.new}`),
  };
  const putOff: string[] = [];
  const workers = new Workers({
    redis,
    log,
    backoff: () => FIVE_MINUTES,
    onPutOff: (error) => {
      putOff.push(error instanceof VoxpostError ? error.code : "INTERNAL");
      recovery.failed(error);
    },
    processors: {
      ...NOTHING,
      deposit,
      mwi: (job, signal) => mwi(job, { snapshots, lamp, tellOthers: async () => {} }, signal),
    },
  });
  onTestFinished(async () => {
    recovery.stop();
    asked.stop();
    await workers.close(0);
    await queues.hurry("all");
    await queues.close();
    await store.close();
  });
  return { queues, engine, recovery, told, putOff };
}

/** Resolves when the jobs of these mailboxes are put off. */
async function loseStore(
  { queues, putOff }: Awaited<ReturnType<typeof startProgram>>,
  mailboxes: readonly string[],
): Promise<void> {
  lab.imap?.kill();
  await lab.imap?.exited;
  for (const mailbox of mailboxes) await queues.mwi(box(mailbox));
  await vi.waitFor(async () => {
    expect(putOff.length).toBeGreaterThanOrEqual(mailboxes.length);
    expect((await queues.states())?.mwi).toEqual({ waiting: 0, active: 0, delayed: mailboxes.length });
  }, PATIENCE);
}

test.each([
  ["one mailbox, of which nobody knows whether its server is dead", 1],
  ["many, whose server is taken for dead", 20],
])("lamps are right within seconds of the store's return: %s", { timeout: 120_000 }, async (_, count) => {
  const mailboxes = fresh(count);
  const program = await startProgram();
  for (const mailbox of mailboxes) await program.engine.append("INBOX", newMessage(box(mailbox)));
  await loseStore(program, mailboxes);
  expect(program.told).toEqual([]);
  await lab.imap?.restart();
  await vi.waitFor(
    () => expect(program.told.sort()).toEqual(mailboxes.map((mailbox) => `${mailbox}: 1`)),
    PATIENCE,
  );
  await vi.waitFor(async () => expect((await program.queues.waiting())?.mwi).toBe(0), PATIENCE);
});

test("what a Redis that was emptied has forgotten is counted all the same", { timeout: 60_000 }, async () => {
  const program = await startProgram();
  const mailboxes = fresh(3);
  for (const mailbox of mailboxes) await program.engine.append("INBOX", newMessage(box(mailbox)));
  await loseStore(program, mailboxes);
  await program.queues.redis.flushall();
  await lab.imap?.restart();
  await vi.waitFor(
    () => expect([...new Set(program.told)].sort()).toEqual(mailboxes.map((mailbox) => `${mailbox}: 1`)),
    PATIENCE,
  );
});

test("what was asked for while Redis was away is counted when it is back", { timeout: 60_000 }, async () => {
  const program = await startProgram();
  const [before = "", meanwhile = ""] = fresh(2);
  for (const mailbox of [before, meanwhile]) await program.engine.append("INBOX", newMessage(box(mailbox)));
  await program.queues.mwi(box(before));
  await vi.waitFor(() => expect(program.told).toEqual([`${before}: 1`]), PATIENCE);
  lab.redis?.kill();
  await lab.redis?.exited;
  await program.queues.mwi(box(meanwhile));
  await lab.redis?.restart();
  await vi.waitFor(() => expect(program.told).toContain(`${meanwhile}: 1`), PATIENCE);
});

test("whoever asks for a mailbox whose count was put off has it counted now", {
  timeout: 60_000,
}, async () => {
  const program = await startProgram();
  program.recovery.stop();
  const [mailbox = ""] = fresh(1);
  await loseStore(program, [mailbox]);
  await lab.imap?.restart();
  await program.queues.mwi(box(mailbox));
  await vi.waitFor(() => expect(program.told).toEqual([`${mailbox}: 0`]), PATIENCE);
});

test("one account that fails is no store that is away: it keeps nobody busy", async () => {
  let tries = 0;
  const { queues, putOff } = await startProgram(async () => {
    tries++;
    throw new VoxpostError("STORE_TIMEOUT", "this account alone");
  });
  const parts = [
    "voxpost/take/1001@default/5551~~~/8b1241f9cc5c1777adbc3c7f9ea71104~1795312332.3~1795312333303~0~0",
  ];
  await queues.deposit({ asterisk: "pbx", parts });
  await vi.waitFor(() => expect(putOff).toEqual(["STORE_TIMEOUT"]), PATIENCE);
  // As long as it takes others to be counted, twenty times over.
  for (let at = 0; at < 20; at++) {
    await queues.mwi(box("1001"));
    await vi.waitFor(async () => expect((await queues.waiting())?.mwi).toBe(0), PATIENCE);
  }
  expect(tries).toBe(1);
});
