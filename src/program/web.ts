import { type ErrorCode, VoxpostError } from "../errors.ts";
import { listen } from "../listen.ts";
import { isMailboxName, parseMailbox } from "../model/mailbox.ts";
import type { Engine } from "../storage/engine.ts";
import { createWeb, type WebParts } from "../web/app.ts";
import type { Health } from "../web/health.ts";
import type { Asterisks } from "./asterisks.ts";
import type { Ground } from "./ground.ts";

export interface Web {
  close(): Promise<void>;
}

/**
 * Shows health and metrics where the configuration says so. `isDraining`: no new calls are taken.
 * @throws VoxpostError CONFIG_INVALID when the address cannot be listened on
 */
export async function openWeb(ground: Ground, asterisks: Asterisks, isDraining: () => boolean): Promise<Web> {
  const { config, log, telemetry } = ground;
  if (!config.web) return { close: async () => {} };
  const { token, ...address } = config.web;
  const { metrics } = telemetry;
  metrics.beforeScrape(() => metrics.draining.set(isDraining() ? 1 : 0));
  const health = createHealth(ground, asterisks, isDraining);
  const refresh = refreshOf(ground);
  const app = createWeb({ health, metrics, refresh, ...(token === undefined ? {} : { token }) });
  const { url, close } = await listen({ ...address, fetch: app.fetch, key: "web" });
  log.info({ url }, "health and metrics are shown");
  return { close };
}

/** For hooks of mail servers (docs/scaling.md). Never rejects. */
function refreshOf({ subscribers, queues }: Ground): WebParts["refresh"] {
  return async (name) => {
    const subscriber = isAddress(name) ? subscribers.find(parseMailbox(name)) : undefined;
    if (!subscriber) return "unknown";
    return (await queues.refresh(subscriber.address)) ? "taken" : "away";
  };
}

function isAddress(name: string): boolean {
  return name.split("@").length <= 2 && name.split("@").every(isMailboxName);
}

/** How long the store may take to answer a probe, milliseconds. */
const CHECK_MS = 2_000;
/** How long its answer counts, so that probes cost the store nothing. */
const KNOWN_MS = 5_000;

/** What is connected at this moment. Never rejects. */
function createHealth(
  { queues, engine }: Ground,
  { ivrs }: Asterisks,
  isDraining: () => boolean,
): () => Promise<Health> {
  let asked = Number.NEGATIVE_INFINITY;
  let store = Promise.resolve<Health["store"]>("up");
  return async () => {
    if (performance.now() - asked > KNOWN_MS) {
      asked = performance.now();
      store = check(engine);
    }
    const asterisk = Object.fromEntries([...ivrs].map(([name, ivr]) => [name, ivr.asterisk.state]));
    const draining = isDraining();
    return {
      ready: !draining && Object.values(asterisk).includes("up"),
      draining,
      asterisk,
      redis: queues.redis.status === "ready" ? "up" : "away",
      store: await store,
    };
  };
}

async function check(engine: Engine): Promise<"up" | ErrorCode> {
  try {
    await engine.check(AbortSignal.timeout(CHECK_MS));
    return "up";
  } catch (error) {
    return error instanceof VoxpostError ? error.code : "INTERNAL";
  }
}
