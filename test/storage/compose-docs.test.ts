import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { archiveOptions } from "../../src/storage/compose/archive/options.ts";
import { mergeOptions } from "../../src/storage/compose/merge/options.ts";
import { mirrorOptions } from "../../src/storage/compose/mirror/options.ts";
import { overlayOptions } from "../../src/storage/compose/overlay/options.ts";
import { routeOptions } from "../../src/storage/compose/route/options.ts";
import { engineFaults } from "../../src/storage/registry.ts";

const OPTIONS = {
  archive: archiveOptions,
  merge: mergeOptions,
  mirror: mirrorOptions,
  overlay: overlayOptions,
  route: routeOptions,
};

function pageOf(name: string): string {
  return readFileSync(new URL(`../../docs/engines/${name}.md`, import.meta.url), "utf8");
}

test.each(Object.entries(OPTIONS))("the page of %s has every key, and its default", (name, { shape }) => {
  const rows = pageOf(name).split("\n");
  for (const [key, schema] of Object.entries(shape)) {
    if (key === "engine") continue;
    const row = rows.find((each) => each.startsWith(`| \`${key}\` |`));
    expect(row, key).toBeDefined();
    const fallback = schema.safeParse(undefined);
    if (!fallback.success) expect(row).toContain("none, must be given");
    else if (fallback.data !== undefined) {
      const { data } = fallback;
      expect(row).toContain(`\`${typeof data === "object" ? JSON.stringify(data) : data}\``);
    }
  }
});

test.each([...Object.keys(OPTIONS), "composites", "layers"])("the example of %s can be opened", (name) => {
  const example = /```yaml\n(.*?)```/s.exec(pageOf(name))?.[1] ?? "";
  const imapNeeds = { proxy: { user: "voxpost", password: "x" } };
  const complete = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(complete);
    if (typeof node !== "object" || node === null) return node;
    const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, complete(value)]));
    return inner.engine === "imap" ? { ...inner, ...imapNeeds } : inner;
  };
  expect(engineFaults(complete(parse(example).storage))).toEqual([]);
});
