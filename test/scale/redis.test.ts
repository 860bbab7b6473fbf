import { describe, expect, test, vi } from "vitest";
import { type RedisGroup, startCluster, startSentinels } from "../../lab/redis-group.ts";
import { Locks } from "../../src/custody/lock.ts";
import { Queues } from "../../src/jobs/queues.ts";
import { PREFIX, type RedisClient } from "../../src/jobs/redis.ts";
import { redisOptions } from "../../src/jobs/redis-options.ts";
import { type Processors, Workers } from "../../src/jobs/worker.ts";
import { createLogger } from "../../src/log.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import { examineRedis } from "../../src/redis.ts";

const log = createLogger("silent");

/** Who is asked for the jobs' keys, and has to die: its port. */
type MasterOf = (group: RedisGroup, redis: RedisClient) => Promise<number>;

const GROUPS: Record<string, { start(): Promise<RedisGroup>; masterOf: MasterOf }> = {
  Sentinel: {
    start: startSentinels,
    async masterOf({ options, cli }) {
      const [first = ""] = "sentinels" in options ? options.sentinels : [];
      const answer = await cli(
        Number(first.split(":")[1]),
        "sentinel",
        "get-master-addr-by-name",
        "mymaster",
      );
      return Number(answer.split("\n")[1]);
    },
  },
  Cluster: {
    start: startCluster,
    async masterOf({ options, cli }) {
      const [first = ""] = "cluster" in options ? options.cluster : [];
      const port = Number(first.split(":")[1]);
      const slot = await cli(port, "cluster", "keyslot", PREFIX);
      const line = (await cli(port, "cluster", "nodes"))
        .split("\n")
        .find((each) =>
          [...each.matchAll(/ (\d+)-(\d+)/g)].some(
            ([, from, to]) => Number(from) <= Number(slot) && Number(slot) <= Number(to),
          ),
        );
      return Number(/:(\d+)@/.exec(line ?? "")?.[1]);
    },
  },
};

describe.concurrent.each(Object.entries(GROUPS))("Redis %s", (_name, { start, masterOf }) => {
  test("jobs are done, and go on being done when the master is killed", { timeout: 120_000 }, async ({
    onTestFinished,
  }) => {
    const group = await start();
    onTestFinished(() => group.stop());
    const servers = redisOptions.parse(group.options);
    const queues = new Queues({ redis: servers, log });
    onTestFinished(() => queues.close());
    const done: string[] = [];
    const mwi: Processors["mwi"] = async ({ mailbox }) => void done.push(mailbox);
    const none = async () => {};
    const workers = new Workers({
      redis: servers,
      log,
      lockMs: 2_000,
      processors: { mwi, deposit: none, forward: none, greeting: none },
    });
    onTestFinished(() => workers.close(0));
    const box = (mailbox: string): MailboxAddress => ({ mailbox, context: "default" });
    const isDone = (mailbox: string) =>
      // What is enqueued while nobody is master is lost, as told: sweep and poll ask again, and so does this.
      vi.waitFor(
        async () => {
          if (!done.includes(mailbox)) await queues.mwi(box(mailbox));
          await vi.waitFor(() => expect(done).toContain(mailbox), 1_000);
        },
        { timeout: 60_000, interval: 100 },
      );

    await isDone("1001");
    expect(await examineRedis(servers)).toMatch(/^\d.*noeviction/);
    const locks = new Locks({ redis: queues.redis, log });
    const others = new Locks({ redis: queues.redis, log });
    await locks.hold("scale", async () => {
      await expect(others.hold("scale", async () => {})).rejects.toMatchObject({ code: "LOCKED" });
    });

    const port = await masterOf(group, queues.redis);
    const master = group.nodes.get(port);
    if (!master) throw new Error(`nobody is master: ${port}`);
    master.kill();
    await master.exited;
    await isDone("1002");
    expect(await masterOf(group, queues.redis).catch(() => 0)).not.toBe(port);
    await vi.waitFor(async () => expect(await queues.waiting()).toBeDefined(), 10_000);
  });
});
