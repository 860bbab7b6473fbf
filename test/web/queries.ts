import { parser } from "@prometheus-io/lezer-promql";
import type { Metrics } from "../../src/telemetry/metrics.ts";

/** Prometheus adds these to everything, and knows this series of its own. */
const ALWAYS = ["job", "instance"];
const NOT_OURS = new Set(["up"]);

/** What is wrong with a query: its syntax, a metric that we do not have, a label that its metrics do not have. */
export function faultsOf(query: string, metrics: Metrics): string[] {
  const faults: string[] = [];
  // Grafana's variable stands where PromQL wants a length.
  const text = query.replaceAll("$__rate_interval", "5m");
  const known = new Set(ALWAYS);
  const used: string[] = [];
  parser.parse(text).iterate({
    enter({ name, type, from, to, node }) {
      const word = text.slice(from, to);
      if (type.isError) faults.push(`${query}: not PromQL at ${from}`);
      if (name === "Identifier" && node.parent?.name === "VectorSelector") {
        const labels = labelsOf(word, metrics);
        if (!labels) faults.push(`${query}: there is no metric ${word}`);
        for (const label of labels ?? []) known.add(label);
      }
      if (name === "LabelName") used.push(word);
    },
  });
  const unknown = used.filter((label) => !known.has(label));
  return [...faults, ...unknown.map((label) => `${query}: its metrics have no label ${label}`)];
}

function labelsOf(series: string, { registry }: Metrics): string[] | undefined {
  if (NOT_OURS.has(series)) return [];
  const base = series.replace(/_(bucket|count|sum)$/, "");
  const metric = registry.getSingleMetric(series) ?? registry.getSingleMetric(base);
  if (!metric || (series !== base && !registry.getSingleMetric(base))) return undefined;
  const labels = Reflect.get(metric, "labelNames") as string[];
  return series.endsWith("_bucket") ? [...labels, "le"] : labels;
}
