import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startLab } from "../../lab/lab.ts";
import { News } from "../../src/jobs/news.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { createPins } from "../../src/storage/pins.ts";
import { DiskSnapshots } from "../../src/storage/snapshot.ts";
import { newMessage, recordingLog, sound } from "../storage/samples.ts";

const mailbox = { mailbox: "1001", context: "default" };

test("what one program finds changed, another knows without asking the store for counts", async () => {
  const lab = await startLab({ servers: ["redis"] });
  onTestFinished(() => lab.stop());
  const url = lab.redis?.url ?? "";
  const data = new MemoryData();
  const { log, warnings } = recordingLog();
  const program = async () => {
    const folder = await mkdtemp(join(tmpdir(), "voxpost-news-"));
    const redis = boundedRedis(url, log);
    const news = new News({ redis, log });
    const store = new EngineStore({ engine: new MemoryEngine(data), log, pins: createPins(() => undefined) });
    const counts = vi.spyOn(store, "counts");
    const onNews = (changed: Parameters<News["tell"]>[0]) => news.tell(changed);
    const snapshots = new DiskSnapshots({ store, folder, maxMessages: () => 2, onNews, log });
    const unfollow = snapshots.follow();
    news.listen(url, (changed) => snapshots.learn(changed));
    onTestFinished(async () => {
      unfollow();
      news.close();
      redis.disconnect();
      await rm(folder, { recursive: true, force: true });
    });
    await vi.waitFor(async () => expect(await redis.ping()).toBe("PONG"), 10_000);
    return { store, snapshots, redis, counts };
  };
  const [one, other] = [await program(), await program()];
  await vi.waitFor(
    async () => expect(await one.redis.pubsub("NUMSUB", "voxpost:news")).toEqual(["voxpost:news", 2]),
    10_000,
  );

  await one.store.deposit(newMessage(mailbox));
  await one.store.deposit(newMessage(mailbox));
  await vi.waitFor(
    async () => expect(await other.snapshots.get(mailbox)).toMatchObject({ full: true }),
    10_000,
  );
  expect(other.counts).not.toHaveBeenCalled();

  await other.store.setGreeting(mailbox, "busy", sound("on the phone"));
  await vi.waitFor(
    async () => expect((await one.snapshots.get(mailbox)).greetings.busy).toBeDefined(),
    10_000,
  );
  expect(warnings).toEqual([]);
});
