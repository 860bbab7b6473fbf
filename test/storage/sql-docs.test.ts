import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { spoolOptions } from "../../src/storage/engines/spool/options.ts";
import { sqlOptions } from "../../src/storage/engines/sql/options.ts";

describe.each([
  ["sql", sqlOptions],
  ["spool", spoolOptions],
])("docs/engines/%s.md", (name, { shape }) => {
  const page = readFileSync(new URL(`../../docs/engines/${name}.md`, import.meta.url), "utf8").split("\n");
  const { engine: _, ...options } = shape;

  test.each(Object.entries(options))("explains the option %s", (key, schema) => {
    const row = page.find((line) => line.startsWith(`| \`${key}\` |`));
    expect(row).toContain(`| ${schema.description} |`);
    const fallback = schema.safeParse(undefined).data;
    if (fallback !== undefined) expect(row).toContain(`| \`${String(fallback)}\` |`);
  });
});
