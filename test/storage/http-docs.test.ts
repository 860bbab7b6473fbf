import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { httpOptions } from "../../src/storage/engines/http/options.ts";
import { operations } from "./http-document.ts";

const page = readFileSync(new URL("../../docs/engines/http.md", import.meta.url), "utf8");
const { engine: _, ...options } = httpOptions.shape;

test.each(Object.entries(options))("docs/engines/http.md explains the option %s", (key, schema) => {
  const row = page.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
  expect(row).toContain(`| ${schema.description} |`);
  const fallback = schema.safeParse(undefined).data;
  if (typeof fallback === "number" || typeof fallback === "boolean") {
    expect(row).toContain(`| \`${String(fallback)}\` |`);
  }
});

test("docs/engines/http.md shows requests that the protocol has", () => {
  const shown = [...page.matchAll(/^(GET|PUT|PATCH|POST|DELETE) +(\/v1\S*)/gm)];
  expect(shown.length).toBeGreaterThan(6);
  for (const [, method, path = ""] of shown) {
    const template = path
      .replace(/\?.*/, "")
      .replace("1001@default", "{address}")
      .replace("INBOX", "{folder}")
      .replace("KEY", "{key}")
      .replace("/uploads/8c1f…", "/uploads/{upload}")
      .replace("/messages/7d20…", "/messages/{id}")
      .replace("/audio/1", "/audio/{part}");
    expect(operations).toContain(`${method} ${template}`);
  }
});
