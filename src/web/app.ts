import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Health } from "./health.ts";

export interface WebParts {
  readonly health: () => Promise<Health>;
  readonly metrics: Pick<Metrics, "scrape" | "registry">;
  /** Needed for the metrics. The probes are open to everybody: what asks them cannot always send one. */
  readonly token?: string;
}

/** What watches the program asks here: docs/observability.md. */
export function createWeb({ health, metrics, token }: WebParts): Hono {
  const app = new Hono();
  app.get("/livez", (context) => context.json({ alive: true }));
  app.get("/readyz", async (context) => {
    const state = await health();
    return context.json(state, state.ready ? 200 : 503);
  });
  if (token !== undefined) app.use("/metrics", bearerAuth({ token }));
  app.get("/metrics", async (context) =>
    context.body(await metrics.scrape(), 200, { "content-type": metrics.registry.contentType }),
  );
  return app;
}
