import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Health } from "./health.ts";

export interface WebParts {
  readonly health: () => Promise<Health>;
  readonly metrics: Pick<Metrics, "scrape" | "registry">;
  /** Has a mailbox counted, by whatever name it was given: whether there is such a one, and the queue took it. */
  readonly refresh: (mailbox: string) => Promise<"taken" | "unknown" | "away">;
  /** Needed for the metrics and to refresh. The probes are open to everybody: what asks them cannot always send one. */
  readonly token?: string;
}

/** What watches the program asks here: docs/observability.md. */
export function createWeb({ health, metrics, refresh, token }: WebParts): Hono {
  const app = new Hono();
  app.get("/livez", (context) => context.json({ alive: true }));
  app.get("/readyz", async (context) => {
    const state = await health();
    return context.json(state, state.ready ? 200 : 503);
  });
  if (token !== undefined)
    for (const path of ["/metrics", "/refresh/*"]) app.use(path, bearerAuth({ token }));
  app.get("/metrics", async (context) =>
    context.body(await metrics.scrape(), 200, { "content-type": metrics.registry.contentType }),
  );
  app.post("/refresh/:mailbox", async (context) => {
    const result = await refresh(context.req.param("mailbox"));
    return context.json({ result }, REFRESHED[result]);
  });
  return app;
}

const REFRESHED = { taken: 202, unknown: 404, away: 503 } as const;
