import type { Ivr } from "../ivr/ivr.ts";
import type { Queues } from "../jobs/queues.ts";
import type { SweepSchedule } from "../jobs/schedule.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** What is known only when it is asked for, and what Asterisk tells of its own accord. */

export function showAsterisks(metrics: Metrics, ivrs: ReadonlyMap<string, Ivr>): void {
  for (const [asterisk, { asterisk: connection }] of ivrs) {
    connection.events.on("type:PlaybackFinished", ({ playback }) =>
      metrics.prompts.inc({ asterisk, ended: playback?.state ?? "done" }),
    );
    for (const ended of ["Finished", "Failed"]) {
      connection.events.on(`type:Recording${ended}`, () =>
        metrics.recordings.inc({ asterisk, ended: ended.toLowerCase() }),
      );
    }
  }
  metrics.beforeScrape(() => {
    for (const [asterisk, ivr] of ivrs) {
      metrics.asteriskUp.set({ asterisk }, ivr.asterisk.state === "up" ? 1 : 0);
      metrics.callsNow.set({ asterisk }, ivr.calls.size);
    }
  });
}

/** A sweep that cannot be done leaves what the last one saw, whose oldest message grows older. */
export function showCustody(metrics: Metrics, sweeps: Pick<SweepSchedule, "results">): void {
  metrics.beforeScrape(() => {
    metrics.setAside.reset();
    for (const [asterisk, { undelivered, oldest, setAside, foreign, at }] of sweeps.results) {
      metrics.undelivered.set({ asterisk }, undelivered);
      metrics.undeliveredOldest.set({ asterisk }, oldest ? (Date.now() - oldest.getTime()) / 1000 : 0);
      // There also when nothing is set aside.
      for (const [reason, count] of new Map([["unknown", 0], ...setAside]))
        metrics.setAside.set({ asterisk, reason }, count);
      metrics.foreign.set({ asterisk }, foreign);
      metrics.sweptAt.set({ asterisk }, at.getTime() / 1000);
    }
  });
}

/** While Redis does not answer, nothing is known of jobs, and they are not shown. */
export function showQueues(metrics: Metrics, queues: Pick<Queues, "states">): void {
  metrics.beforeScrape(async () => {
    const states = await queues.states();
    metrics.redisUp.set(states ? 1 : 0);
    metrics.jobsNow.reset();
    for (const [queue, counts] of Object.entries(states ?? {})) {
      for (const [state, count] of Object.entries(counts)) metrics.jobsNow.set({ queue, state }, count);
    }
  });
}
