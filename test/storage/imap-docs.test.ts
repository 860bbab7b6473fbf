import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { imapOptions } from "../../src/storage/engines/imap/options.ts";
import { HEADERS, READ_HEADERS } from "../../src/storage/mime/headers.ts";

const page = readFileSync(new URL("../../docs/engines/imap.md", import.meta.url), "utf8").split("\n");
const { engine: _, ...options } = imapOptions.shape;
const { folders } = imapOptions.parse({ engine: "imap", host: "x", passwords: {} });

test.each(Object.entries(options))("docs/engines/imap.md explains the option %s", (key, schema) => {
  const fallback = key === "folders" ? undefined : schema.safeParse(undefined).data;
  const row = page.find((line) => line.startsWith(`| \`${key}\` |`));
  expect(row).toContain(`| ${schema.description} |`);
  if (fallback !== undefined) expect(row).toContain(`| \`${String(fallback)}\` |`);
});

test.each(Object.entries(folders))(
  "docs/engines/imap.md tells the default name of folders.%s",
  (key, name) => {
    const shown = typeof name === "string" ? name : JSON.stringify(name);
    expect(page.find((line) => line.startsWith(`| \`${key}\` | \`${shown}\` |`))).toBeDefined();
  },
);

test("docs/engines/imap.md has the header table, row by row", () => {
  const rows = HEADERS.map(({ name, field, write }) => {
    const cells = [`\`${name}\``, field, write ? "yes" : "", READ_HEADERS.includes(name) ? "yes" : ""];
    return `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  });
  expect(page.filter((line) => /^\| `[A-Z][\w-]+` \| [^|]+ \|( yes)? \|( yes)? \|$/.test(line))).toEqual(
    rows,
  );
});
