import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { OwnPins } from "./access/own-pins.ts";
import { PinRecords } from "./access/pin-records.ts";
import { RedisLoginLimiter } from "./access/redis-limiter.ts";
import type { Config } from "./config.ts";
import { Latest } from "./custody/latest.ts";
import { Ledger } from "./custody/ledger.ts";
import { Locks } from "./custody/lock.ts";
import { VoxpostError } from "./errors.ts";
import type { CallHandler } from "./ivr/app.ts";
import { createIvr, type Ivr } from "./ivr/ivr.ts";
import { Media } from "./ivr/media.ts";
import { deposit } from "./jobs/deposit.ts";
import { forward } from "./jobs/forward.ts";
import { greeting } from "./jobs/greeting.ts";
import { Greetings } from "./jobs/greetings.ts";
import { mwi } from "./jobs/mwi.ts";
import { Queues } from "./jobs/queues.ts";
import { SweepSchedule } from "./jobs/schedule.ts";
import { Sweep } from "./jobs/sweep.ts";
import { TrashPurge } from "./jobs/trash.ts";
import { Workers } from "./jobs/worker.ts";
import type { Logger } from "./log.ts";
import { createAuthenticate } from "./menus/authenticate.ts";
import { createDeposit, leaveMessage } from "./menus/deposit.ts";
import { createDirectory } from "./menus/directory.ts";
import { configureMenus } from "./menus/overrides.ts";
import { createPlayMessage } from "./menus/play-message.ts";
import { createRetrieve, removeLeftovers } from "./menus/retrieve.ts";
import { createSayName } from "./menus/say-name.ts";
import type { Counts } from "./model/folder.ts";
import type { MailboxAddress } from "./model/mailbox.ts";
import { startPrivateRedis } from "./redis.ts";
import { EngineStore } from "./storage/engine-store.ts";
import { createEngine } from "./storage/registry.ts";
import { DiskSnapshots } from "./storage/snapshot.ts";
import { pollSnapshots } from "./storage/snapshot-poll.ts";
import { Upkeep } from "./storage/upkeep.ts";
import { createSubscribers } from "./subscribers.ts";

export interface Voxpost {
  /** Resolves when the first Asterisk is connected: from then on its callers are served. */
  readonly ready: Promise<void>;
  /** Takes no new calls, and resolves when the present ones have ended. */
  drain(): Promise<void>;
  /**
   * Ends everything; recordings and jobs stay where they are, for the next program. Jobs that run may take `graceMs` to
   * finish (default 10,000).
   */
  stop(graceMs?: number): Promise<void>;
}

export interface VoxpostOptions {
  /** Nothing can be done about it: the program should end. */
  readonly onFatal: (error: VoxpostError) => void;
}

/**
 * Builds the program from its configuration and starts it: the one place that knows every room. A server that is away
 * is no reason to fail, because callers must be served all the same.
 * @throws VoxpostError CONFIG_INVALID, MENU_INVALID, DEPENDENCY_MISSING
 */
export async function startVoxpost(config: Config, log: Logger, options: VoxpostOptions): Promise<Voxpost> {
  const menus = configureMenus(config.menus);
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const subscribers = createSubscribers(config);
  const redis = config.redis ?? (await startPrivateRedis(join(config.data, "redis"), log));

  const engine = createEngine(config.storage, {
    log,
    folder: config.folder,
    data: config.data,
    attributesOf: (mailbox) => subscribers.attributesOf(mailbox),
  });
  const queues = new Queues({ url: redis.url, log });
  const pins = new OwnPins({
    records: new PinRecords({ path: join(config.data, "pins.json"), redis: queues.redis, log }),
    configured: (mailbox) => subscribers.pin(mailbox),
    storeChecks: engine.capabilities.authenticate,
    history: config.pins.history,
    ...(config.pins.externpasscheck ? { check: config.pins.externpasscheck } : {}),
    ...(config.pins.externpass ? { change: config.pins.externpass } : {}),
    log,
  });
  const store = new EngineStore({ engine, log, pins });
  await store.open();
  const snapshots = new DiskSnapshots({
    store,
    folder: join(config.data, "snapshots"),
    maxMessages: (mailbox) => subscribers.find(mailbox)?.maxMessages,
    log,
  });
  const unfollow = snapshots.follow();

  const media = new Media({
    host: config.media.host,
    port: config.media.port,
    ...(config.media.url ? { url: config.media.url } : {}),
    log,
  });
  await media.listen();

  const stopPolling = pollSnapshots({
    snapshots,
    mailboxes: () => [...subscribers.all()].map(({ address }) => address),
    onCounts: (mailbox) => void queues.mwi(mailbox),
    log,
  });

  const ivrs = new Map<string, Ivr>();
  const recordingsOf = (asterisk: string) => ivrs.get(asterisk)?.recordings;
  const callFiles = join(config.data, "calls");
  const deliveries = join(config.data, "deliveries");
  await Promise.all([removeLeftovers(callFiles), removeLeftovers(deliveries)]);
  mkdirSync(deliveries, { recursive: true, mode: 0o700 });
  const limiter = new RedisLoginLimiter({ redis: queues.redis, log });
  const custody = { redis: queues.redis, log };
  const [locks, latest] = [new Locks(custody), new Latest(custody)];
  const greetings = new Greetings({
    recordingsOf,
    store,
    snapshots,
    locks,
    latest,
    enqueue: queues,
    log,
    folder: deliveries,
  });
  const messages = {
    subscribers,
    snapshots,
    enqueue: queues,
    discard: async (asterisk: string, recording: string) => recordingsOf(asterisk)?.remove(recording),
    rename: async (asterisk: string, recording: string, to: string) =>
      recordingsOf(asterisk)?.rename(recording, to),
    menus,
  };
  const entries: Readonly<Record<string, ReturnType<typeof createDeposit>>> = {
    deposit: createDeposit(messages),
    retrieve: createRetrieve({
      ...messages,
      store,
      limiter,
      folder: callFiles,
      settings: {
        greetings: {
          possible: store.capabilities.greetings,
          accept: (asterisk, parts) => greetings.accept(asterisk, parts),
          erase: (mailbox, kind, signal) => greetings.erase(mailbox, kind, signal),
          discard: messages.discard,
        },
        pins,
      },
      leave: (call, recipients) => leaveMessage(call, recipients, new Map(), { ...messages, goesOn: true }),
    }),
    authenticate: createAuthenticate({ subscribers, store, limiter, menus }),
    play: createPlayMessage({ subscribers, store, folder: callFiles }),
    sayname: createSayName({ subscribers, snapshots }),
    directory: createDirectory({ subscribers, snapshots, menus }),
  };
  const handler: CallHandler = async (entry, args, call) => {
    const serve = entries[entry];
    if (serve) return serve(call, args);
    call.log.warn({ entry }, "The dialplan asks for an entry that this version does not have");
    await call.setVariable("VOXPOST_STATUS", "UNSUPPORTED");
  };
  for (const server of config.asterisk) {
    const ivr = createIvr({
      server,
      instance: config.instance,
      media,
      handler,
      log,
      onReplaced: options.onFatal,
    });
    ivrs.set(server.name, ivr);
  }

  const sweeps = new SweepSchedule({
    sweeps: new Map(
      [...ivrs].map(([asterisk, { recordings }]) => [
        asterisk,
        new Sweep({ asterisk, recordings, enqueue: queues, greetings, log }),
      ]),
    ),
    everySeconds: config.sweep.every,
    log,
  });
  const depositDeps = {
    recordingsOf,
    store,
    subscribers,
    locks,
    ledger: new Ledger(custody),
    enqueue: queues,
    folder: deliveries,
    log,
  };
  const upkeep = new Upkeep({
    engine,
    mailboxes: () => [...subscribers.all()].map(({ address }) => address),
    log,
  });
  upkeep.start();
  const trash = new TrashPurge({ store, subscribers, file: join(config.data, "trash.json"), log });
  trash.start();
  const lamp = {
    async publish(mailbox: MailboxAddress, counts: Counts) {
      const names = [mailbox, ...subscribers.aliasesOf(mailbox)];
      await Promise.all(
        [...ivrs.values()].flatMap(({ lamps }) => names.map((name) => lamps.publish(name, counts))),
      );
    },
  };
  const greetingDeps = { recordingsOf, store, locks, latest, snapshots, log, folder: deliveries };
  const workers = new Workers({
    url: redis.url,
    log,
    processors: {
      deposit: (job, signal) => deposit(job, depositDeps, signal),
      forward: (job, signal) => forward(job, depositDeps, signal),
      greeting: (job, signal) => greeting(job, greetingDeps, signal),
      mwi: (job, signal) => mwi(job, { store, lamp }, signal),
    },
  });

  for (const [asterisk, ivr] of ivrs) {
    // Whatever was recorded while nobody listened is delivered as soon as its Asterisk is there.
    ivr.asterisk.onState((state) => {
      if (state === "up") void sweeps.now(asterisk);
    });
    ivr.start();
  }
  sweeps.start();

  const stopping = new AbortController();
  return {
    ready: Promise.any([...ivrs.values()].map(({ asterisk }) => asterisk.whenUp(stopping.signal))),
    async drain() {
      await Promise.all([...ivrs.values()].map((ivr) => ivr.drain()));
    },
    async stop(graceMs) {
      stopping.abort(new VoxpostError("ABORTED", "The program ends"));
      await sweeps.stop();
      await Promise.all([trash.stop(), upkeep.stop()]);
      await workers.close(graceMs);
      await Promise.all([...ivrs.values()].map((ivr) => ivr.close()));
      stopPolling();
      unfollow();
      await queues.close();
      await media.close();
      await store.close();
      if ("stop" in redis) await redis.stop();
    },
  };
}
