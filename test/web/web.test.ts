import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { VoxpostError } from "../../src/errors.ts";
import { createLogger, onLoggedError } from "../../src/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { createWeb } from "../../src/web/app.ts";
import type { Health } from "../../src/web/health.ts";

const health: Health = { ready: true, draining: false, asterisk: { one: "up" }, redis: "up", store: "up" };

/** Of 1001 alone; 1002 is one while Redis is away. */
const refresh = async (mailbox: string) =>
  mailbox === "1001@default" ? "taken" : mailbox === "1002@default" ? "away" : "unknown";

describe("who may ask", () => {
  const token = "a-token-of-some-length";
  const app = createWeb({ health: async () => health, metrics: new Metrics(), refresh, token });

  test("metrics and refreshing need the token, probes do not", async () => {
    expect((await app.request("/metrics")).status).toBe(401);
    const wrong = { headers: { authorization: "Bearer another-token-of-length" } };
    expect((await app.request("/metrics", wrong)).status).toBe(401);
    const right = await app.request("/metrics", { headers: { authorization: `Bearer ${token}` } });
    expect(right.status).toBe(200);
    expect(right.headers.get("content-type")).toContain("version=0.0.4");
    expect((await app.request("/refresh/1001", { method: "POST" })).status).toBe(401);
    expect((await app.request("/livez")).status).toBe(200);
    expect((await app.request("/readyz")).status).toBe(200);
    expect((await app.request("/")).status).toBe(404);
  });

  test("a hook has a mailbox counted, and is told whether it will be", async () => {
    const post = async (mailbox: string, headers = { authorization: `Bearer ${token}` }) =>
      (await app.request(`/refresh/${mailbox}`, { method: "POST", headers })).status;
    expect(await post("1001@default")).toBe(202);
    expect(await post("1002%40default")).toBe(503);
    expect(await post("1003@default")).toBe(404);
    expect(await post("1001@default", { authorization: "" })).toBe(401);
  });

  test("metrics that other machines reach need a token in the configuration", () => {
    const config = (web: string) =>
      parseConfig(
        `asterisk: [{ name: one, url: "http://127.0.0.1:8088", user: u, password: p }]
storage: { engine: memory }
contexts: {}
web: ${web}`,
        { path: "voxpost.yaml", folder: ".", environment: {} },
      ).web;
    expect(config("{}")).toEqual({ host: "127.0.0.1", port: 9464 });
    expect(() => config("{ host: 0.0.0.0 }")).toThrow(/web\.token: other machines/);
    expect(() => config("{ token: short }")).toThrow(/web\.token: at least 16/);
    expect(config(`{ host: 0.0.0.0, token: ${token} }`)).toMatchObject({ token });
  });
});

test("a program that is not ready says why", async () => {
  const app = createWeb({
    health: async () => ({ ...health, ready: false, asterisk: { one: "connecting" } }),
    metrics: new Metrics(),
    refresh,
  });
  const answer = await app.request("/readyz");
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ ready: false, asterisk: { one: "connecting" } });
});

test("a source of metrics that fails keeps nothing else from being shown", async () => {
  const metrics = new Metrics();
  metrics.draining.set(1);
  metrics.beforeScrape(() => {
    throw new Error("broken");
  });
  metrics.beforeScrape(async () => metrics.redisUp.set(1));
  const text = await metrics.scrape();
  expect(text).toContain("voxpost_draining 1");
  expect(text).toContain("voxpost_redis_up 1");
});

test("errors that are logged are told by their code, those of children too, until nobody listens", () => {
  const log = createLogger("debug", { write: () => {} });
  const told: string[] = [];
  const stop = onLoggedError(log, (code, level) => told.push(`${level} ${code}`));
  const err = new VoxpostError("STORE_FULL", "full");
  log.child({ call: "1" }).error({ err }, "not delivered");
  log.warn({ err: new TypeError("a bug") }, "odd");
  log.debug({ err }, "of no interest");
  log.warn({ mailbox: "1" }, "no error");
  log.error("words only");
  expect(told).toEqual(["error STORE_FULL", "warn INTERNAL"]);
  stop();
  log.error({ err });
  expect(told).toHaveLength(2);
});
