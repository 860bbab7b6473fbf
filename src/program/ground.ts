import { join } from "node:path";
import { OwnPins } from "../access/own-pins.ts";
import { PinRecords } from "../access/pin-records.ts";
import type { Config } from "../config.ts";
import { Latest } from "../custody/latest.ts";
import { Ledger } from "../custody/ledger.ts";
import { Locks } from "../custody/lock.ts";
import { Reasons } from "../custody/reasons.ts";
import { AskedCounts } from "../jobs/asked-counts.ts";
import { News } from "../jobs/news.ts";
import { Queues } from "../jobs/queues.ts";
import { Recovery } from "../jobs/recovery.ts";
import type { RedisServers } from "../jobs/redis-options.ts";
import type { Logger } from "../log.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import { startPrivateRedis } from "../redis.ts";
import type { Engine } from "../storage/engine.ts";
import { EngineStore } from "../storage/engine-store.ts";
import { createEngine } from "../storage/registry.ts";
import { DiskSnapshots } from "../storage/snapshot.ts";
import { createSubscribers } from "../subscribers.ts";
import { Telemetry } from "./telemetry.ts";

/** What the rest of the program stands on: the mailboxes, their store, the queues. */
export interface Ground {
  readonly config: Config;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  readonly redis: RedisServers;
  readonly subscribers: ReturnType<typeof createSubscribers>;
  readonly queues: Queues;
  readonly recovery: Recovery;
  readonly locks: Locks;
  readonly ledger: Ledger;
  readonly latest: Latest;
  readonly reasons: Reasons;
  readonly engine: Engine;
  readonly pins: OwnPins;
  readonly store: EngineStore;
  /** The same, for work for which nobody waits on the telephone. */
  readonly patient: EngineStore;
  readonly snapshots: DiskSnapshots;
  /** Every mailbox of the configuration. */
  mailboxes(): Iterable<MailboxAddress>;
  /** Jobs and the store's data stay where they are. */
  close(): Promise<void>;
}

/** Enough for a mail server that takes three seconds for each answer. */
const PATIENCE = { answerMs: 60_000, transferMs: 300_000 };

/** A server that is away is no reason to fail. @throws VoxpostError CONFIG_INVALID, DEPENDENCY_MISSING */
export async function openGround(config: Config, log: Logger): Promise<Ground> {
  const telemetry = await Telemetry.open(config, log);
  const subscribers = createSubscribers(config);
  const own = config.redis ? undefined : await startPrivateRedis(join(config.data, "redis"), log);
  const servers = config.redis ?? own?.url ?? "";
  const queues = new Queues({ redis: servers, log, onCount: (...asking) => asked.note(...asking) });
  const asked = new AskedCounts({ redis: queues.redis, ask: (mailbox) => queues.refresh(mailbox), log });
  const custody = { redis: queues.redis, log };
  const news = new News(custody);

  const engine = createEngine(config.storage, {
    log,
    folder: config.folder,
    data: config.data,
    attributesOf: (mailbox) => subscribers.attributesOf(mailbox),
    observer: telemetry.store,
    onBack: (state) => (state === "closed" ? recovery.back() : recovery.sign()),
  });
  const recovery = new Recovery({ queues, check: (signal) => engine.check(signal), log });
  // What came back while Redis was away could not be told to the queues.
  queues.redis.on("ready", () => recovery.back());
  const pins = new OwnPins({
    records: new PinRecords({ path: join(config.data, "pins.json"), redis: queues.redis, log }),
    configured: (mailbox) => subscribers.pin(mailbox),
    storeChecks: engine.capabilities.authenticate,
    history: config.pins.history,
    ...(config.pins.externpasscheck ? { check: config.pins.externpasscheck } : {}),
    ...(config.pins.externpass ? { change: config.pins.externpass } : {}),
    ...(config.pins.externpassnotify ? { notify: config.pins.externpassnotify } : {}),
    log,
  });
  const store = new EngineStore({ engine, log, pins });
  await store.open();
  const patient = store.withLimits(PATIENCE);
  const snapshots = new DiskSnapshots({
    store: patient,
    folder: join(config.data, "snapshots"),
    maxMessages: (mailbox) => subscribers.find(mailbox)?.maxMessages,
    onNews: (changed) => news.tell(changed),
    log,
  });
  const unfollow = snapshots.follow();
  news.listen(servers, (changed) => snapshots.learn(changed));

  return {
    config,
    log,
    telemetry,
    redis: servers,
    subscribers,
    queues,
    recovery,
    // Longer than a job may be stalled, or two workers could deliver the same message.
    locks: new Locks({ ...custody, ttlMs: 4_000 * config.workers.stalled }),
    ledger: new Ledger(custody),
    latest: new Latest(custody),
    reasons: new Reasons(custody),
    engine,
    pins,
    store,
    patient,
    snapshots,
    mailboxes: () => subscribers.addresses(),
    async close() {
      unfollow();
      news.close();
      recovery.stop();
      asked.stop();
      await queues.close();
      await store.close();
      await own?.stop();
      await telemetry.close();
    },
  };
}
