import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { faultsOf } from "./queries.ts";

const metrics = new Metrics();
const page = readFileSync("docs/observability.md", "utf8");

const alerts = z
  .object({
    groups: z.array(
      z.object({
        rules: z.array(
          z.strictObject({
            alert: z.string().regex(/^Voxpost[A-Z]\w+$/),
            expr: z.string(),
            for: z
              .string()
              .regex(/^\d+[mh]$/)
              .optional(),
            labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
            annotations: z.strictObject({ summary: z.string() }),
          }),
        ),
      }),
    ),
  })
  .parse(parse(readFileSync("config/prometheus/voxpost-alerts.yaml", "utf8")))
  .groups.flatMap(({ rules }) => rules);

const queries = z
  .object({ panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })) })
  .parse(JSON.parse(readFileSync("config/grafana/voxpost.json", "utf8")))
  .panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test("a query with a mistake is found out", () => {
  expect(faultsOf("sum(rate(voxpost_calls_total[5m])", metrics)).not.toEqual([]);
  expect(faultsOf("voxpost_calls_totl", metrics)).toEqual([
    "voxpost_calls_totl: there is no metric voxpost_calls_totl",
  ]);
  expect(faultsOf('voxpost_calls{entry="deposit"}', metrics)).toHaveLength(1);
  expect(faultsOf("sum by (queue) (voxpost_calls_total)", metrics)).toHaveLength(1);
});

test("alerts ask for metrics that there are, and the page says what to do about each", () => {
  expect(alerts.flatMap(({ expr }) => faultsOf(expr, metrics))).toEqual([]);
  const explained = [...page.matchAll(/^\| `(Voxpost\w+)` \|/gm)].map(([, name]) => name);
  expect(explained).toEqual(alerts.map(({ alert }) => alert));
});

test("the dashboard asks for metrics that there are, and shows every one of ours", () => {
  expect(queries.length).toBeGreaterThan(30);
  expect(queries.flatMap((query) => faultsOf(query, metrics))).toEqual([]);
  const unseen = ours().filter((name) => !queries.some((query) => query.includes(name)));
  expect(unseen).toEqual([]);
});

test("the page has every metric of ours, with its labels", () => {
  const rows = [...page.matchAll(/^\| `(voxpost_\w+)` \|([^|]*)\|/gm)].map(([, name, labels = ""]) => [
    name,
    labels.match(/\w+/g) ?? [],
  ]);
  const labelsOf = (name: string) => Reflect.get(metrics.registry.getSingleMetric(name) ?? {}, "labelNames");
  expect(rows).toEqual(ours().map((name) => [name, labelsOf(name)]));
});

function ours(): string[] {
  return metrics.registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => name.startsWith("voxpost_"));
}
