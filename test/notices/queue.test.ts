import { once } from "node:events";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { Ledger } from "../../src/custody/ledger.ts";
import { Locks } from "../../src/custody/lock.ts";
import { notice } from "../../src/jobs/notice.ts";
import { Queues } from "../../src/jobs/queues.ts";
import { Workers } from "../../src/jobs/worker.ts";
import { MailServer } from "./mail-server.ts";
import { site } from "./site.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ servers: ["redis"] });
});
afterAll(() => lab?.stop());

test("of twenty messages at once, asked for twice, each comes once, by two programs and a moody server", async () => {
  if (!lab.redis) throw new Error("this test needs a real Redis");
  const { url } = lab.redis;
  const server = await MailServer.start();
  onTestFinished(() => server.close());
  const here = await site(server.port);
  onTestFinished(() => here.close());
  const programs = [1, 2].map(() => {
    const queues = new Queues({ redis: url, log: here.log });
    const custody = { redis: queues.redis, log: here.log };
    const deps = { ...here.deps, locks: new Locks(custody), ledger: new Ledger(custody), enqueue: queues };
    const workers = new Workers({
      redis: url,
      log: here.log,
      backoff: () => 20,
      processors: { notice: (job, signal) => notice(job, deps, signal) },
    });
    onTestFinished(async () => {
      await workers.close();
      await queues.close();
    });
    return { queues };
  });
  const [first] = programs;
  if (!first) throw new Error("no program");
  await Promise.all(
    programs.map(({ queues: { redis } }) => redis.status === "ready" || once(redis, "ready")),
  );
  await first.queues.redis.flushall();
  let asked = 0;
  const moods = ["450 4.2.0 greylisted", undefined, "421 4.3.2 going down", undefined];
  server.onRecipient = () => moods[asked++ % moods.length];

  for (let index = 0; index < 20; index++) await here.deposit({ caller: { number: String(index) } });
  await Promise.all([...here.jobs, ...here.jobs].map((job) => first.queues.notice(job)));
  await vi.waitFor(async () => expect((await first.queues.waiting())?.notice).toBe(0), 20_000);
  const callers = server.received.map(({ mail }) => mail.subject?.match(/from (\d+)/)?.[1]);
  expect(callers.sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 20 }, (_, index) => String(index)),
  );
});
