import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { RedisLoginLimiter } from "../../src/access/redis-limiter.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import { createLogger } from "../../src/log.ts";

const BOX = { mailbox: "1001", context: "default" };
const OTHER = { mailbox: "1002", context: "default" };
const log = createLogger("silent");

let lab: Lab;
const closing: (() => void)[] = [];
beforeAll(async () => {
  lab = await startLab({ servers: ["redis"] });
});
afterAll(() => lab?.stop());
beforeEach(async () => {
  const { redis } = await program();
  await redis.flushall();
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function program(now?: () => number) {
  const redis = boundedRedis(lab.redis?.url ?? "", log);
  closing.push(() => redis.disconnect());
  if (redis.status !== "ready") await once(redis, "ready");
  return { redis, limiter: new RedisLoginLimiter({ redis, log, ...(now ? { now } : {}) }) };
}

async function fail(limiter: RedisLoginLimiter, times: number, number?: string, box = BOX) {
  for (let count = 0; count < times; count++) await limiter.failed(box, number);
}

it("a mailbox is blocked for all programs, for longer and longer, and whoever knows the PIN clears it", async () => {
  const [{ limiter: a }, { limiter: b }] = [await program(), await program()];
  await fail(a, 3);
  await fail(b, 2);
  expect(await a.blockedFor(BOX, undefined)).toBe(0);
  await fail(b, 1);
  const first = await a.blockedFor(BOX, undefined);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(10_000);
  await fail(a, 1);
  expect(await b.blockedFor(BOX, undefined)).toBeGreaterThan(10_000);
  await fail(a, 20);
  expect(await b.blockedFor(BOX, undefined)).toBeLessThanOrEqual(120_000);
  expect(await b.blockedFor(OTHER, undefined)).toBe(0);
  await b.succeeded(BOX, undefined);
  expect(await a.blockedFor(BOX, undefined)).toBe(0);
});

it("a caller who goes from mailbox to mailbox is blocked everywhere, and a success at one's own clears nothing", async () => {
  const { limiter } = await program();
  for (let count = 0; count < 9; count++) {
    await limiter.failed({ mailbox: String(2000 + count), context: "default" }, "5551");
  }
  expect(await limiter.blockedFor(OTHER, "5551")).toBeGreaterThan(60_000);
  await limiter.succeeded(OTHER, "5551");
  expect(await limiter.blockedFor(OTHER, "5551")).toBeGreaterThan(60_000);
  expect(await limiter.blockedFor(OTHER, "5552")).toBe(0);
});

it("a caller's words are only counted, whatever they are", async () => {
  const { limiter, redis } = await program();
  const odd = `5\r\nFLUSHALL\r\n ${"9".repeat(5000)}`;
  await fail(limiter, 7, odd, OTHER);
  expect(await limiter.blockedFor(BOX, odd)).toBeGreaterThan(0);
  for (const key of await redis.keys("*")) expect(key.length).toBeLessThan(250);
});

it("while Redis is away each program goes by what it has seen itself", async () => {
  const { limiter, redis } = await program(() => 0);
  await fail(limiter, 6);
  redis.disconnect();
  await vi.waitFor(() => expect(redis.status).toBe("end"));
  expect(await limiter.blockedFor(BOX, undefined)).toBe(10_000);
  await fail(limiter, 1);
  expect(await limiter.blockedFor(BOX, undefined)).toBe(20_000);
  await limiter.succeeded(BOX, undefined);
  expect(await limiter.blockedFor(BOX, undefined)).toBe(0);
});
