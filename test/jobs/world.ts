import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { Ledger } from "../../src/custody/ledger.ts";
import { Locks } from "../../src/custody/lock.ts";
import { formatName, newId, type RecordingName } from "../../src/custody/name.ts";
import { type DepositDeps, deposit } from "../../src/jobs/deposit.ts";
import type { DepositRequest } from "../../src/jobs/enqueue.ts";
import { boundedRedis, type RedisClient } from "../../src/jobs/redis.ts";
import type { Logger } from "../../src/log.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";
import type { Engine, Entry } from "../../src/storage/engine.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { FolderRecordings } from "./folder-recordings.ts";

export const ANN: MailboxAddress = { mailbox: "1001", context: "default" };
export const BOB: MailboxAddress = { mailbox: "1002", context: "default" };

/** Whatever was logged at these levels, for tests that look at it. */
export function collectingLog(): { log: DepositDeps["log"]; lines: { level: number; msg: string }[] } {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

/** A store that outlives a process. */
export async function fileStore(root: string, log: Logger): Promise<EngineStore> {
  const store = new EngineStore({ engine: new FileEngine({ root, log }), pins: NO_PINS, log });
  await store.open();
  return store;
}

const NO_PINS = { verify: async () => false };

/** A recording folder, a real store over the memory engine, and custody as one program has it. */
export async function world(redisUrl?: string) {
  const folder = mkdtempSync(join(tmpdir(), "voxpost-test-"));
  const recordings = new FolderRecordings(join(folder, "recording"));
  const engine: Engine = new MemoryEngine(new MemoryData());
  const { log, lines } = collectingLog();
  const store = new EngineStore({ engine, pins: NO_PINS, log });
  await store.open();
  const lamps: MailboxAddress[] = [];
  const connections: RedisClient[] = [];

  /** Another program's view: its own connection, locks and memory. */
  const program = (change: Partial<DepositDeps> = {}): DepositDeps => {
    const redis = redisUrl ? boundedRedis(redisUrl, log) : undefined;
    if (redis) connections.push(redis);
    return {
      recordingsOf: (name) => (name === "pbx" ? recordings : undefined),
      store,
      subscribers: { find: () => undefined },
      locks: new Locks({ redis, log }),
      ledger: new Ledger({ redis, log }),
      enqueue: { mwi: async (mailbox) => void lamps.push(mailbox) },
      log,
      ...change,
    };
  };
  const deps = program();

  return {
    folder,
    recordings,
    engine,
    store,
    lamps,
    lines,
    log,
    program,
    async deliver(job: DepositRequest, by: DepositDeps = deps) {
      // Commands fail at once before that, and locks would hold in one program only.
      await Promise.all(connections.map((redis) => redis.status === "ready" || once(redis, "ready")));
      await deposit(job, by, new AbortController().signal);
    },
    /** Everything that a mailbox holds, the trash included. */
    messages: (mailbox: MailboxAddress): Promise<Entry[]> => engine.find(mailbox, {}),
    async audio(mailbox: MailboxAddress): Promise<Buffer> {
      const [entry] = await engine.find(mailbox, {});
      if (!entry) throw new Error("no message");
      const [part] = await store.audio(entry);
      const chunks: Buffer[] = [];
      for await (const chunk of part?.stream ?? []) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    async close() {
      for (const redis of connections) redis.disconnect();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof world>>;

/** A name for a recording of a call that is over. */
export function recordingName(change: Partial<RecordingName> = {}): string {
  return formatName({
    state: "take",
    recipients: [ANN],
    id: newId(),
    channel: "1795302871.7",
    startedAt: new Date("2026-11-21T10:00:00Z"),
    caller: { number: "5551", name: "Zoë" },
    urgent: false,
    priority: false,
    take: 0,
    part: 0,
    ...change,
  });
}
