import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, it, vi } from "vitest";
import { startLab } from "../../lab/lab.ts";
import { Locks } from "../../src/custody/lock.ts";
import { deposit } from "../../src/jobs/deposit.ts";
import { Queues } from "../../src/jobs/queues.ts";
import { Workers } from "../../src/jobs/worker.ts";
import { second } from "./sound.ts";
import { ANN, fileStore, recordingName, world } from "./world.ts";

const ALL = { view: "all", limit: 10 } as const;

it("a message is delivered once when the worker is killed between the store's answer and the ledger, and its owner moves it", async () => {
  const lab = await startLab({ servers: ["redis"] });
  const url = lab.redis?.url;
  if (!url) throw new Error("this test needs a real Redis");
  const here = await world(url);
  const queues = new Queues({ redis: url, log: here.log });
  const store = await fileStore(join(here.folder, "mail"), here.log);
  try {
    const name = recordingName();
    await here.recordings.put(name, second(1));
    await queues.deposit({ asterisk: "pbx", parts: [name], untried: true });

    const script = fileURLToPath(new URL("killed-worker.ts", import.meta.url));
    const { signal } = await execa("npx", ["tsx", script, url, here.folder], {
      reject: false,
      timeout: 20_000,
    });
    expect(signal ?? "SIGKILL").toBe("SIGKILL");
    const [stored] = (await store.list(ANN, "INBOX", ALL)).entries;
    if (!stored) throw new Error("the worker died too early");
    await store.move(stored, "Work");
    expect(here.recordings.names).toEqual([name]);
    expect(await queues.waiting()).toMatchObject({ deposit: 1 });

    const deps = here.program({
      store,
      locks: new Locks({ redis: queues.redis, log: here.log, ttlMs: 500 }),
    });
    const workers = new Workers({
      redis: url,
      log: here.log,
      lockMs: 500,
      backoff: () => 50,
      processors: {
        mwi: async () => {},
        greeting: async () => {},
        forward: async () => {},
        deposit: (job, abort) => deposit(job, deps, abort),
      },
    });
    await vi.waitFor(() => expect(here.recordings.names).toEqual([]), { timeout: 15_000 });
    expect((await store.list(ANN, "INBOX", ALL)).entries).toEqual([]);
    expect((await store.list(ANN, "Work", ALL)).entries).toHaveLength(1);
    expect(here.lines.map(({ msg }) => msg)).toContain("a worker died or was stalled; its job runs again");
    await workers.close();
  } finally {
    await queues.close();
    await store.close();
    await here.close();
    await lab.stop();
  }
});
