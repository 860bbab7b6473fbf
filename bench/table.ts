/** One measurement: ours and the raw limit of the same run, both as the median of several. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** Undefined where nothing is below us to be measured. */
  readonly raw: number | undefined;
}

export function summary(
  what: string,
  unit: string,
  ours: readonly number[],
  raw: readonly number[] = [],
): Row {
  return { what, unit, ours: median(ours), raw: raw.length > 0 ? median(raw) : undefined };
}

/** The median and the 99th percentile, of ours and of the raw limit. */
export function spread(
  what: string,
  unit: string,
  ours: readonly number[],
  raw: readonly number[] = [],
): Row[] {
  const worst = raw.length > 0 ? percentile(raw, 99) : undefined;
  return [
    summary(`${what}, median`, unit, ours, raw),
    { what: `${what}, 99th percentile`, unit, ours: percentile(ours, 99), raw: worst },
  ];
}

/** A table in Markdown, to be read in a terminal as well. */
export function table(rows: readonly Row[]): string {
  const head = ["what", "ours", "raw limit", "ratio"];
  const cells = rows.map(({ what, unit, ours, raw }) => [
    what,
    `${shown(ours)} ${unit}`,
    raw === undefined ? "" : `${shown(raw)} ${unit}`,
    raw ? shown(ours / raw) : "",
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...cells.map(line)].join("\n");
}

function median(values: readonly number[]): number {
  return percentile(values, 50);
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor((sorted.length * percent) / 100), sorted.length - 1)] ?? Number.NaN;
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
