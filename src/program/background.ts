import { join } from "node:path";
import { deposit } from "../jobs/deposit.ts";
import { forward } from "../jobs/forward.ts";
import { greeting } from "../jobs/greeting.ts";
import type { Greetings } from "../jobs/greetings.ts";
import { mwi } from "../jobs/mwi.ts";
import { SweepSchedule } from "../jobs/schedule.ts";
import { Sweep } from "../jobs/sweep.ts";
import { TrashPurge } from "../jobs/trash.ts";
import { Workers } from "../jobs/worker.ts";
import { Upkeep } from "../storage/upkeep.ts";
import type { Asterisks } from "./asterisks.ts";
import { showCustody, showQueues } from "./gauges.ts";
import type { Ground } from "./ground.ts";
import { followMailboxes, lampOn } from "./lamps.ts";
import { type Listeners, openListeners } from "./listeners.ts";
import { type NoticesOfProgram, openNotices } from "./notices.ts";

/** What works while nobody calls. */
export interface Background {
  /** Jobs that run may take `graceMs` to finish (default 10,000). */
  stop(graceMs?: number): Promise<void>;
}

export interface BackgroundParts {
  readonly asterisks: Asterisks;
  readonly greetings: Greetings;
  /** Exists; audio lies here while it is delivered. */
  readonly folder: string;
}

/** Delivers what was recorded, finds what was forgotten, lights lamps, and keeps store and snapshots tidy. */
export function startBackground(ground: Ground, parts: BackgroundParts): Background {
  const { config, log, telemetry, patient: store, engine, subscribers, queues, mailboxes } = ground;
  const { asterisks } = parts;

  const notices = openNotices(ground, parts.folder);
  const listeners = openListeners(ground);
  const stopFollowing = followMailboxes(ground, asterisks, listeners);
  const upkeep = new Upkeep({ engine, mailboxes, log });
  const trash = new TrashPurge({ store, subscribers, file: join(config.data, "trash.json"), log });
  const workers = startWorkers(ground, parts, { listeners, notices });
  const sweeps = createSweeps(ground, parts);
  showCustody(telemetry.metrics, sweeps);
  showQueues(telemetry.metrics, queues);
  // Whatever was recorded while nobody listened is delivered as soon as its Asterisk is there.
  for (const [name, { asterisk }] of asterisks.ivrs) {
    asterisk.onState((state) => {
      if (state !== "up") return;
      void sweeps.now(name);
      // Deliveries that waited for this Asterisk too.
      ground.recovery.back();
    });
  }
  upkeep.start();
  trash.start();
  sweeps.start();

  return {
    async stop(graceMs) {
      stopFollowing();
      await Promise.all([sweeps.stop(), trash.stop(), upkeep.stop()]);
      await workers.close(graceMs);
    },
  };
}

function startWorkers(
  ground: Ground,
  { asterisks, folder }: BackgroundParts,
  { listeners, notices }: { listeners: Listeners; notices: NoticesOfProgram },
): Workers {
  const { config, log, queues, patient: store, telemetry } = ground;
  const { recordingsOf } = asterisks;
  const deps = { ...ground, store, recordingsOf, enqueue: queues, folder };
  const messages = {
    ...deps,
    ...(notices.announce ? { announce: notices.announce } : {}),
    store: {
      deposit: telemetry.deposit(store),
      find: store.find.bind(store),
      audio: store.audio.bind(store),
    },
  };
  const counting = { ...ground, lamp: lampOn(asterisks, ground), tellOthers: listeners.tell };
  return new Workers({
    redis: ground.redis,
    log,
    lockMs: 1_000 * config.workers.stalled,
    onPutOff: (error) => ground.recovery.failed(error),
    processors: {
      deposit: telemetry.job("deposit", (job, signal) => deposit(job, messages, signal)),
      forward: telemetry.job("forward", (job, signal) => forward(job, messages, signal)),
      greeting: telemetry.job("greeting", (job, signal) => greeting(job, deps, signal)),
      mwi: telemetry.job("mwi", (job, signal) => mwi(job, counting, signal)),
      notice: notices.process,
      ...listeners.processors,
    },
  });
}

function createSweeps(
  { config, queues, reasons, log }: Ground,
  { asterisks, greetings }: BackgroundParts,
): SweepSchedule {
  const sweeps = [...asterisks.ivrs].map(
    ([asterisk, { recordings }]) =>
      [asterisk, new Sweep({ asterisk, recordings, enqueue: queues, greetings, reasons, log })] as const,
  );
  return new SweepSchedule({ sweeps: new Map(sweeps), everySeconds: config.sweep.every, log });
}
