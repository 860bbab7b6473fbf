import { once } from "node:events";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { Ledger } from "../../src/custody/ledger.ts";
import { Locks } from "../../src/custody/lock.ts";
import { createLogger } from "../../src/log.ts";

const log = createLogger("silent");

/** A stretch of work that a test ends. */
function work() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let begin = (_signal: AbortSignal) => {};
  const begun = new Promise<AbortSignal>((resolve) => {
    begin = resolve;
  });
  const run = async (signal: AbortSignal) => {
    begin(signal);
    await ended;
  };
  return { run, begun, end };
}

describe("locks and ledger", () => {
  let lab: Lab;
  let redis: Redis;
  let nowhere: Redis;
  beforeAll(async () => {
    lab = await startLab({ servers: ["redis"] });
    if (!lab.redis) throw new Error("these tests need a real Redis");
    redis = new Redis(lab.redis.url, { enableOfflineQueue: false, commandTimeout: 1_000 });
    nowhere = new Redis({ port: 1, enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 100 });
    nowhere.on("error", () => {});
    await once(redis, "ready");
  });
  afterAll(async () => {
    redis?.disconnect();
    nowhere?.disconnect();
    await lab?.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
  });

  it("let one program work at a time, and the next one after it", async () => {
    const [a, b] = [new Locks({ redis, log }), new Locks({ redis, log })];
    const first = work();
    const held = a.hold("m", first.run);
    await first.begun;
    await expect(b.hold("m", async () => {})).rejects.toMatchObject({ code: "LOCKED", retryable: true });
    await expect(b.hold("another", async () => "free")).resolves.toBe("free");
    first.end();
    await held;
    await expect(b.hold("m", async () => "mine")).resolves.toBe("mine");
    expect(await redis.keys("voxpost:lock:*")).toEqual([]);
  });

  it("wait in a Redis that was emptied until their holders have taken theirs again", async () => {
    const options = { redis, log, emptiedMs: 1_500 };
    const [a, b] = [new Locks(options), new Locks(options)];
    await b.hold("another", async () => {});
    const first = work();
    const held = a.hold("m", first.run);
    await first.begun;
    await redis.flushall();
    const refusal = await b.hold("m", async () => {}).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "LOCKED", context: { retryMs: 1_500 } });
    await vi.waitFor(() => b.hold("another", async () => {}), 10_000);
    await expect(
      b.hold("m", async () => {}),
      "taken again by then",
    ).rejects.toMatchObject({ code: "LOCKED" });
    first.end();
    await held;
  });

  it("are given back when the work fails", async () => {
    const locks = new Locks({ redis, log });
    await expect(locks.hold("m", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await expect(locks.hold("m", async () => "again")).resolves.toBe("again");
  });

  it("last for as long as the work does, and end by themselves after a death", async () => {
    const locks = new Locks({ redis, log, ttlMs: 300 });
    const first = work();
    const held = locks.hold("m", first.run);
    await first.begun;
    for (const _ of ["once", "again"]) {
      // Longer than a renewal gives it: less is left only after one.
      await redis.pexpire("voxpost:lock:m", 3_600_000);
      await vi.waitFor(async () => {
        const left = await redis.pttl("voxpost:lock:m");
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThanOrEqual(300);
      }, 10_000);
    }
    first.end();
    await held;
    await redis.set("voxpost:lock:m", "of a dead one", "PX", 50);
    await vi.waitFor(async () => expect(await locks.hold("m", async () => "mine")).toBe("mine"), 10_000);
  });

  it("tell the work when they were lost, and do not release what is another's by then", async () => {
    const locks = new Locks({ redis, log, ttlMs: 60 });
    const first = work();
    const held = locks.hold("m", first.run);
    const signal = await first.begun;
    await redis.set("voxpost:lock:m", "another's");
    await vi.waitFor(() => expect(signal.aborted).toBe(true), 10_000);
    first.end();
    await held;
    expect(await redis.get("voxpost:lock:m")).toBe("another's");
  });

  it("are taken again when Redis was emptied meanwhile", async () => {
    const locks = new Locks({ redis, log, ttlMs: 60 });
    const first = work();
    const held = locks.hold("m", first.run);
    const signal = await first.begun;
    await redis.flushall();
    await vi.waitFor(async () => expect(await redis.exists("voxpost:lock:m")).toBe(1), 10_000);
    expect(signal.aborted).toBe(false);
    first.end();
    await held;
  });

  it("are not lost to themselves when a slow Redis answers two renewals at once", async () => {
    const slow = new Redis(lab.redis?.url ?? "", { enableOfflineQueue: false, commandTimeout: 1_000 });
    await once(slow, "ready");
    const locks = new Locks({ redis: slow, log, ttlMs: 60 });
    const first = work();
    const held = locks.hold("m", first.run);
    const signal = await first.begun;
    // Longer than the lock lasts, and than several renewals are apart.
    await redis.call("CLIENT", "PAUSE", "300", "ALL");
    await redis.ping();
    await vi.waitFor(async () => expect(await redis.exists("voxpost:lock:m")).toBe(1), 10_000);
    await slow.ping();
    expect(signal.aborted).toBe(false);
    first.end();
    await held;
    slow.disconnect();
  });

  it("hold within the process while Redis is away, and keep nobody waiting", async () => {
    const locks = new Locks({ redis: nowhere, log });
    const first = work();
    const begun = performance.now();
    const held = locks.hold("m", first.run);
    await first.begun;
    await expect(locks.hold("m", async () => {})).rejects.toMatchObject({ code: "LOCKED" });
    first.end();
    await held;
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it("remember a delivery for all programs, for 30 days", async () => {
    const [a, b] = [new Ledger({ redis, log }), new Ledger({ redis, log })];
    expect(await b.has("id")).toBe(false);
    await a.add("id");
    expect(await b.has("id")).toBe(true);
    expect(await redis.pttl("voxpost:delivered:id")).toBeGreaterThan(29.9 * 86_400_000);
  });

  it("remember it in the process when Redis was emptied, or is away", async () => {
    let now = 0;
    const ledger = new Ledger({ redis: nowhere, log, now: () => now });
    await ledger.add("id");
    expect(await ledger.has("id")).toBe(true);
    expect(await ledger.has("other")).toBe(false);
    now += 30 * 86_400_000;
    expect(await ledger.has("id")).toBe(false);
    const emptied = new Ledger({ redis, log });
    await emptied.add("id");
    await redis.flushall();
    expect(await emptied.has("id")).toBe(true);
  });
});
