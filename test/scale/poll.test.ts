import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { VoxpostError } from "../../src/errors.ts";
import { News } from "../../src/jobs/news.ts";
import { RedisPollTurns } from "../../src/jobs/poll-turns.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import { GREETINGS } from "../../src/model/greeting.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { createPins } from "../../src/storage/pins.ts";
import { createEngine } from "../../src/storage/registry.ts";
import { DiskSnapshots } from "../../src/storage/snapshot.ts";
import { type PollTurns, pollSnapshots } from "../../src/storage/snapshot-poll.ts";
import { newMessage, recordingLog } from "../storage/samples.ts";
import { accountsOf, PATIENCE } from "./site.ts";

const MAILBOXES = Array.from({ length: 12 }, (_, at) => ({ mailbox: String(1001 + at), context: "default" }));
/** So long a turn is taken here, and rounds follow each other at once. */
const LONG = 1_000_000;
const EVERY_MS = 20;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ servers: ["redis", "imap"] });
}, 120_000);
afterAll(() => lab?.stop());

/** What a program does between calls, with a disk of its own. */
async function startProgram() {
  const { log } = recordingLog();
  const url = lab.redis?.url ?? "";
  const redis = boundedRedis(url, log);
  const folder = await mkdtemp(join(tmpdir(), "voxpost-poll-"));
  /** Questions that the mail server was asked. */
  const asked = { count: 0, quota: 0, readGreeting: 0 };
  const engine = createEngine(accountsOf(lab), {
    log,
    folder,
    observer: ({ operation }) => {
      if (operation in asked) asked[operation as keyof typeof asked]++;
    },
  });
  const store = new EngineStore({ engine, log, pins: createPins(() => undefined) });
  await store.open();
  const news = new News({ redis, log });
  const onNews = (changed: Parameters<News["tell"]>[0]) => news.tell(changed);
  const snapshots = new DiskSnapshots({ store, folder, maxMessages: () => 1, onNews, log });
  news.listen(url, (changed) => snapshots.learn(changed));
  await vi.waitFor(async () => expect(await redis.ping()).toBe("PONG"), PATIENCE);
  const turns = new RedisPollTurns(redis);
  onTestFinished(async () => {
    news.close();
    redis.disconnect();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  const counted: MailboxAddress[] = [];
  let rounds = 0;
  const poll = () => {
    const onCounts = async (mailbox: MailboxAddress) => void counted.push(mailbox);
    const mailboxes = () => {
      rounds++;
      return MAILBOXES;
    };
    const take: PollTurns["take"] = (mailbox, _, anyway) => turns.take(mailbox, LONG, anyway);
    const shared = {
      take,
      giveBack: turns.giveBack.bind(turns),
      areForgotten: turns.areForgotten.bind(turns),
    };
    onTestFinished(pollSnapshots({ snapshots, mailboxes, onCounts, turns: shared, log, everyMs: EVERY_MS }));
  };
  /** Until three more rounds are over. */
  const goesOn = async () => {
    const before = rounds;
    await vi.waitFor(() => expect(rounds).toBeGreaterThan(before + 3), PATIENCE);
  };
  const knowsAll = () =>
    vi.waitFor(async () => {
      for (const mailbox of MAILBOXES) {
        const full = mailbox.mailbox === "1001";
        expect(await snapshots.get(mailbox)).toMatchObject({ full, counts: expect.anything() });
      }
    }, PATIENCE);
  return { store, snapshots, redis, turns, asked, counted, poll, goesOn, knowsAll };
}

const numbersOf = (...programs: { counted: readonly MailboxAddress[] }[]) =>
  programs.flatMap(({ counted }) => counted.map(({ mailbox }) => mailbox)).sort();
const ALL = numbersOf({ counted: MAILBOXES });

test("two programs ask the mail server for each mailbox once, and both know", {
  timeout: 60_000,
}, async () => {
  const [a, b] = [await startProgram(), await startProgram()];
  await a.redis.flushall();
  await vi.waitFor(
    async () => expect(await a.redis.pubsub("NUMSUB", "voxpost:news")).toEqual(["voxpost:news", 2]),
    PATIENCE,
  );
  await a.store.deposit(newMessage({ mailbox: "1001", context: "default" }));
  a.asked.count = 0;
  const asked = () => a.asked.count + b.asked.count;
  const rounds = () => Promise.all([a.goesOn(), b.goesOn()]);

  // Each looks for itself at its start, when nobody may have been there before.
  a.poll();
  await vi.waitFor(() => expect(numbersOf(a)).toEqual(ALL), PATIENCE);
  await b.knowsAll();
  b.poll();
  await vi.waitFor(() => expect(numbersOf(b)).toEqual(ALL), PATIENCE);

  // From then on a mailbox that was asked for lately is left alone by both.
  await rounds();
  expect(asked()).toBe(2 * ALL.length);
  expect(b.asked).toMatchObject({ count: ALL.length, quota: ALL.length });
  for (const mailbox of MAILBOXES) await a.turns.giveBack(mailbox);
  await vi.waitFor(() => expect(asked()).toBe(3 * ALL.length), PATIENCE);
  await rounds();
  expect(asked()).toBe(3 * ALL.length);
  expect(numbersOf(a, b)).toEqual([...ALL, ...ALL, ...ALL].sort());
  expect(a.asked.readGreeting + b.asked.readGreeting).toBe(2 * ALL.length * GREETINGS.length);
});

test("a program to which the store does not answer leaves its turn to the other", {
  timeout: 60_000,
}, async () => {
  const { turns, redis, poll, counted } = await startProgram();
  await redis.flushall();
  const { log } = recordingLog();
  const away = new VoxpostError("STORE_UNREACHABLE", "away");
  const refused = vi.fn(() => Promise.reject(away));
  const snapshots = { refresh: refused, get: async () => ({ greetings: {}, full: false }) };
  const mailboxes = () => MAILBOXES;
  const returned = vi.spyOn(turns, "giveBack");
  onTestFinished(pollSnapshots({ snapshots, mailboxes, turns, log, everyMs: LONG }));
  await vi.waitFor(() => expect(returned).toHaveBeenCalledWith(MAILBOXES[0]), PATIENCE);
  await returned.mock.results[0]?.value;
  poll();
  await vi.waitFor(() => expect(numbersOf({ counted })).toEqual(ALL), PATIENCE);
  expect(refused).toHaveBeenCalledTimes(1);
});

test("when Redis has lost its data every mailbox is looked at again, by one of them", {
  timeout: 60_000,
}, async () => {
  const programs = [await startProgram(), await startProgram()];
  await programs[0]?.redis.flushall();
  const counted: MailboxAddress[] = [];
  for (const { snapshots, turns } of programs) {
    const { log } = recordingLog();
    const mailboxes = () => MAILBOXES;
    const onCounts = async (mailbox: MailboxAddress) => void counted.push(mailbox);
    const parts = { snapshots, mailboxes, onCounts, turns, everyMs: LONG, lookMs: EVERY_MS, log };
    onTestFinished(pollSnapshots(parts));
  }
  // Each at its start.
  await vi.waitFor(() => expect(numbersOf({ counted })).toEqual([...ALL, ...ALL].sort()), PATIENCE);
  await programs[0]?.redis.flushall();
  await vi.waitFor(() => expect(numbersOf({ counted })).toEqual([...ALL, ...ALL, ...ALL].sort()), PATIENCE);
});

test("a round that Redis' loss began goes on when the store is back", { timeout: 60_000 }, async () => {
  const { snapshots, turns, redis } = await startProgram();
  await redis.flushall();
  const counted: MailboxAddress[] = [];
  let [rounds, isAway] = [0, false];
  const parts = {
    snapshots: {
      get: snapshots.get.bind(snapshots),
      refresh: (...asked: Parameters<typeof snapshots.refresh>) =>
        isAway ? Promise.reject(new VoxpostError("STORE_UNREACHABLE", "away")) : snapshots.refresh(...asked),
    },
    mailboxes: () => {
      rounds++;
      return MAILBOXES;
    },
    onCounts: async (mailbox: MailboxAddress) => void counted.push(mailbox),
    turns,
    everyMs: LONG,
    lookMs: EVERY_MS,
    againMs: EVERY_MS,
    log: recordingLog().log,
  };
  onTestFinished(pollSnapshots(parts));
  await vi.waitFor(() => expect(numbersOf({ counted })).toEqual(ALL), PATIENCE);
  isAway = true;
  await redis.flushall();
  await vi.waitFor(() => expect(rounds).toBeGreaterThan(3), PATIENCE);
  isAway = false;
  await vi.waitFor(() => expect(numbersOf({ counted })).toEqual([...ALL, ...ALL].sort()), PATIENCE);
});

test("while Redis is away each program polls for itself", async () => {
  const { log } = recordingLog();
  const redis = boundedRedis("redis://127.0.0.1:1", log);
  onTestFinished(() => redis.disconnect());
  const turns = new RedisPollTurns(redis);
  expect(await turns.take({ mailbox: "1001", context: "default" }, LONG, false)).toBe(true);
});
