import type { VoxpostError } from "../errors.ts";
import type { CallHandler } from "../ivr/app.ts";
import { createIvr, type Ivr } from "../ivr/ivr.ts";
import { Media } from "../ivr/media.ts";
import { RedisLampNotes } from "../jobs/lamp-notes.ts";
import type { RecordingsOf } from "../jobs/recordings.ts";
import { showAsterisks } from "./gauges.ts";
import type { Ground } from "./ground.ts";
import { guardNames } from "./names.ts";

/** Every Asterisk of the configuration, and the server from which they fetch audio. */
export interface Asterisks {
  /** By configured name. */
  readonly ivrs: ReadonlyMap<string, Ivr>;
  readonly recordingsOf: RecordingsOf;
  /** Connects, and stays connected; from then on the handler serves calls. */
  start(handler: CallHandler): void;
  /** Takes no new calls, and resolves when the present ones have ended. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Nothing is connected yet. `onFatal`: this program cannot go on beside others.
 * @throws VoxpostError CONFIG_INVALID when nobody can listen where Asterisk is to fetch audio
 */
export async function openAsterisks(
  { config, log, telemetry, queues }: Ground,
  onFatal: (error: VoxpostError) => void,
): Promise<Asterisks> {
  const { url, ...address } = config.media;
  const media = new Media({ ...address, ...(url ? { url } : {}), prompts: config.prompts, log });
  await media.listen();
  let serve: CallHandler | undefined;
  let stopGuarding = () => {};
  const all = () => [...ivrs.values()];
  const handler: CallHandler = async (...call) => serve?.(...call);
  const { most } = config.calls;
  telemetry.metrics.callsLimit.set(most);
  const isFull = () => {
    const full = all().reduce((sum, { calls }) => sum + calls.size, 0) >= most;
    if (full) telemetry.metrics.callsRefused.inc();
    return full;
  };
  const lampNotes = new RedisLampNotes({ redis: queues.redis, log });
  const ivrs: ReadonlyMap<string, Ivr> = new Map(
    config.asterisk.map((server) => [
      server.name,
      createIvr({
        server,
        instance: config.instance,
        media,
        handler,
        isFull,
        log,
        onReplaced: onFatal,
        lampNotes,
        observe: telemetry.ari(server.name),
      }),
    ]),
  );
  showAsterisks(telemetry.metrics, ivrs);
  return {
    ivrs,
    recordingsOf: (asterisk) => ivrs.get(asterisk)?.recordings,
    start(entries) {
      serve = entries;
      for (const ivr of all()) ivr.start();
      stopGuarding = guardNames({
        redis: queues.redis,
        instance: config.instance,
        asterisks: config.asterisk.flatMap(({ name, url }) => {
          const asterisk = ivrs.get(name)?.asterisk;
          return asterisk ? [{ url, asterisk }] : [];
        }),
        onFault: onFatal,
      });
    },
    async drain() {
      await Promise.all(all().map((ivr) => ivr.drain()));
    },
    async close() {
      stopGuarding();
      await Promise.all(all().map((ivr) => ivr.close()));
      await media.close();
    },
  };
}
