import { execa } from "execa";
import { expect, test } from "vitest";
import { findPromtool } from "../../lab/promtool.ts";

test.for([
  ["are rules that Prometheus takes", ["check", "rules", "config/prometheus/voxpost-alerts.yaml"]] as const,
  ["come when they should, and only then (alerts.yaml)", ["test", "rules", "test/web/alerts.yaml"]] as const,
])("alerts %s", { timeout: 600_000 }, async ([, args], { skip }) => {
  const promtool = await findPromtool();
  if ("missing" in promtool) return skip(promtool.missing);
  const { exitCode, all } = await execa(promtool.path, args, { reject: false, all: true });
  expect(exitCode, all).toBe(0);
});
