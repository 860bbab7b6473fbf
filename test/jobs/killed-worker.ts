/**
 * A worker of its own process that dies at the worst moment: the store has the message, and nobody knows. Started by
 * killed.test.ts with Redis' URL and a folder.
 */
import { join } from "node:path";
import { Ledger } from "../../src/custody/ledger.ts";
import { Locks } from "../../src/custody/lock.ts";
import { deposit } from "../../src/jobs/deposit.ts";
import { boundedRedis } from "../../src/jobs/redis.ts";
import { Workers } from "../../src/jobs/worker.ts";
import { createLogger } from "../../src/log.ts";
import { FolderRecordings } from "./folder-recordings.ts";
import { fileStore } from "./world.ts";

const [, , url = "", folder = ""] = process.argv;
const log = createLogger("silent");
const redis = boundedRedis(url, log);
const recordings = new FolderRecordings(join(folder, "recording"));
const store = await fileStore(join(folder, "mail"), log);

class DeadlyLedger extends Ledger {
  override async add(): Promise<void> {
    process.kill(process.pid, "SIGKILL");
  }
}

new Workers({
  redis: url,
  log,
  lockMs: 500,
  processors: {
    mwi: async () => {},
    greeting: async () => {},
    forward: async () => {},
    deposit: (job, signal) =>
      deposit(
        job,
        {
          recordingsOf: () => recordings,
          store,
          subscribers: { find: () => undefined },
          locks: new Locks({ redis, log, ttlMs: 500 }),
          ledger: new DeadlyLedger({ redis, log }),
          enqueue: { mwi: async () => {} },
          log,
          folder,
        },
        signal,
      ),
  },
});
