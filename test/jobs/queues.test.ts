import { Queue } from "bullmq";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { newId } from "../../src/custody/name.ts";
import { VoxpostError } from "../../src/errors.ts";
import { Queues } from "../../src/jobs/queues.ts";
import { blockingRedis, PREFIX } from "../../src/jobs/redis.ts";
import { jobNames } from "../../src/jobs/table.ts";
import { backoff, type Processors, Workers } from "../../src/jobs/worker.ts";
import { ANN, collectingLog, recordingName } from "./world.ts";

const request = () => ({ asterisk: "pbx", parts: [recordingName()] });
const soon = () => 10;
/** Bound on whatever has to come by itself, milliseconds. */
const PATIENCE = 10_000;
const NOTHING = Object.fromEntries(jobNames.map((name) => [name, 0]));

describe("queues and workers", () => {
  let lab: Lab;
  let url: string;
  let done: string[];
  const closing: { close(): Promise<void> }[] = [];
  const { log, lines } = collectingLog();

  beforeAll(async () => {
    lab = await startLab({ servers: ["redis"] });
    if (!lab.redis) throw new Error("these tests need a real Redis");
    url = lab.redis.url;
    return () => lab.stop();
  });
  beforeEach(() => {
    done = [];
    lines.length = 0;
  });
  afterEach(async () => {
    for (const each of closing.splice(0).reverse()) await each.close();
    const redis = blockingRedis(url);
    await redis.flushall();
    redis.disconnect();
  });

  const queues = (at = url) => {
    const made = new Queues({ redis: at, log });
    closing.push(made);
    return made;
  };
  const workers = (
    processors: Partial<Processors>,
    options: { lockMs?: number; backoff?: () => number } = {},
  ) => {
    const all: Processors = {
      deposit: async () => {},
      mwi: async () => {},
      forward: async () => {},
      greeting: async () => {},
      ...processors,
    };
    const made = new Workers({ redis: url, log, processors: all, backoff: soon, ...options });
    closing.push(made);
    return made;
  };

  it("runs a job, and one that is asked for again later once more", async () => {
    const queue = queues();
    const job = request();
    workers({ deposit: async ({ parts }) => void done.push(...parts) });
    await queue.deposit(job);
    await vi.waitFor(() => expect(done).toEqual(job.parts), PATIENCE);
    await vi.waitFor(async () => expect(await queue.waiting()).toEqual(NOTHING), PATIENCE);
    await queue.deposit(job);
    await vi.waitFor(() => expect(done).toEqual([...job.parts, ...job.parts]), PATIENCE);
  });

  it("keeps one of many equal requests", async () => {
    const queue = queues();
    const id = newId();
    for (const take of [0, 1, 2])
      await queue.deposit({ asterisk: "pbx", parts: [recordingName({ id, take })] });
    for (const _ of [1, 2, 3]) await queue.mwi(ANN);
    expect(await queue.waiting()).toEqual({ ...NOTHING, deposit: 1, mwi: 1 });
  });

  it("counts a mailbox once more when it changed during a count", async () => {
    const queue = queues();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    workers({
      async mwi({ mailbox }) {
        done.push(mailbox);
        await released;
      },
    });
    await queue.mwi(ANN);
    await vi.waitFor(() => expect(done).toHaveLength(1), PATIENCE);
    for (const _ of [1, 2, 3]) await queue.mwi(ANN);
    release();
    await vi.waitFor(() => expect(done).toHaveLength(2), PATIENCE);
    await vi.waitFor(async () => expect(await queue.waiting()).toEqual(NOTHING), PATIENCE);
    expect(done).toHaveLength(2);
  });

  it("tries again for as long as it may help, and gives up at once when it cannot", async () => {
    const queue = queues();
    let failures = 0;
    workers({
      async deposit() {
        failures += 1;
        if (failures < 30) throw new VoxpostError("STORE_UNREACHABLE", "away");
        if (failures === 30) throw new TypeError("a fault in a library");
        throw new VoxpostError("RECORDING_NAME_INVALID", "never");
      },
    });
    await queue.deposit(request());
    await vi.waitFor(() => expect(failures).toBe(31), PATIENCE);
    await vi.waitFor(async () => expect(await queue.waiting()).toEqual(NOTHING), PATIENCE);
    expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  it("tries again when the error says so, however often it was tried", async () => {
    const queue = queues();
    workers(
      {
        async deposit() {
          done.push("tried");
          if (done.length < 3) throw new VoxpostError("LOCKED", "for a moment", { context: { retryMs: 20 } });
        },
      },
      { backoff: () => 600_000 },
    );
    await queue.deposit(request());
    await vi.waitFor(async () => expect(await queue.waiting()).toEqual(NOTHING), PATIENCE);
    expect(done).toHaveLength(3);
  });

  it("knows at a second try that somebody may have done a part of the work", async () => {
    const queue = queues();
    workers({
      async deposit({ untried }) {
        done.push(String(untried));
        if (done.length === 1) throw new VoxpostError("STORE_UNREACHABLE", "away");
      },
    });
    await queue.deposit({ ...request(), untried: true });
    await vi.waitFor(() => expect(done).toEqual(["true", "false"]), PATIENCE);
  });

  it("waits at most five minutes between two tries", () => {
    expect(backoff(1)).toBeLessThanOrEqual(1_000);
    expect(backoff(1)).toBeGreaterThanOrEqual(800);
    for (const attempt of [10, 100, 10_000, 2 ** 40]) {
      expect(backoff(attempt)).toBeLessThanOrEqual(300_000);
      expect(backoff(attempt)).toBeGreaterThanOrEqual(240_000);
    }
  });

  it("takes jobs of other versions as far as it understands them, and none of them stops the rest", async () => {
    const redis = blockingRedis(url);
    const queue = new Queue("deposit", { connection: redis, prefix: PREFIX });
    const { parts } = request();
    await queue.add("deposit", { asterisk: "pbx", parts: "not a list" });
    await queue.add("deposit", { asterisk: "pbx", parts, addedLater: { by: 2 } });
    workers({ deposit: async (job) => void done.push(...job.parts) });
    await vi.waitFor(() => expect(done).toEqual(parts), PATIENCE);
    await vi.waitFor(() => expect(lines.filter(({ level }) => level === 50)).toHaveLength(1), PATIENCE);
    expect(await queue.getJobCountByTypes("failed", "completed")).toBe(0);
    await queue.close();
    redis.disconnect();
  });

  it("hands back on closing what cannot be finished, and another worker does it", async () => {
    const queue = queues();
    const stuck = workers({
      deposit: (_, signal) =>
        new Promise((_, reject) => {
          done.push("begun");
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    await queue.deposit(request());
    await vi.waitFor(() => expect(done).toEqual(["begun"]), PATIENCE);
    await stuck.close(20);
    expect(await queue.waiting()).toEqual({ ...NOTHING, deposit: 1 });
    workers({ deposit: async () => void done.push("done") });
    await vi.waitFor(() => expect(done).toEqual(["begun", "done"]), PATIENCE);
  });

  it("keeps nothing of a job that is done", async () => {
    const queue = queues();
    const signals: AbortSignal[] = [];
    const stuck = workers({
      mwi: async (_, signal) => void signals.push(signal),
      deposit: (_, signal) =>
        new Promise((_, reject) => {
          signals.push(signal);
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    for (const mailbox of ["1001", "1002", "1003"]) await queue.mwi({ ...ANN, mailbox });
    await vi.waitFor(async () => expect((await queue.waiting())?.mwi).toBe(0), PATIENCE);
    await queue.deposit(request());
    await vi.waitFor(() => expect(signals).toHaveLength(4), PATIENCE);
    await stuck.close(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, true]);
  });

  it("lets running jobs finish on closing", async () => {
    const queue = queues();
    let release = () => {};
    const working = workers({
      async deposit() {
        done.push("begun");
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        done.push("done");
      },
    });
    await queue.deposit(request());
    await vi.waitFor(() => expect(done).toEqual(["begun"]), PATIENCE);
    const closed = working.close();
    release();
    await closed;
    expect(done).toEqual(["begun", "done"]);
    expect(await queue.waiting()).toEqual(NOTHING);
  });

  it("keeps nobody waiting for longer than a second when Redis was never there", async () => {
    const queue = queues("redis://127.0.0.1:1");
    const begun = performance.now();
    await queue.deposit(request());
    await queue.mwi(ANN);
    expect(await queue.waiting()).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(4_500);
    expect(lines.map(({ msg }) => msg)).toContain("job not enqueued");
  });

  it("nor when Redis is frozen, nor when it went away; and works again when it is back", async () => {
    const server = await startLab({ servers: ["redis"] });
    try {
      const { redis } = server;
      if (!redis) throw new Error("no Redis");
      const queue = queues(redis.url);
      await queue.deposit(request());
      expect(await queue.waiting()).toEqual({ ...NOTHING, deposit: 1 });
      process.kill(redis.pid, "SIGSTOP");
      const begun = performance.now();
      await queue.deposit(request());
      expect(performance.now() - begun).toBeLessThan(4_000);
      process.kill(redis.pid, "SIGCONT");
      await vi.waitFor(async () => {
        await queue.deposit(request());
        expect((await queue.waiting())?.deposit).toBeGreaterThanOrEqual(2);
      }, PATIENCE);
      await redis.stop();
      const gone = performance.now();
      await queue.deposit(request());
      expect(performance.now() - gone).toBeLessThan(4_000);
    } finally {
      await server.stop();
    }
  });
});
