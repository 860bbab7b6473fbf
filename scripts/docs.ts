/**
 * `npm run docs` writes the pages that code knows better than a writer; with `--check` it writes nothing and names the
 * stale ones (a test does so on every run).
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { configSchema } from "../src/config.ts";
import { errorCodes } from "../src/errors.ts";
import { countsEvent } from "../src/jobs/counts-event.ts";
import { menuGraph, menuGuide } from "../src/menus/guide.ts";

const PAGES: Record<string, () => string | Promise<string>> = {
  "docs/config.md": configPage,
  "docs/errors.md": errorsPage,
  "docs/externnotify.schema.json": externnotifySchema,
  "docs/phone-guide.md": phoneGuidePage,
};

/** Names of pages whose text is not what the code says now. */
export async function stalePages(): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, write] of Object.entries(PAGES)) {
    const now = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (now !== (await write())) stale.push(path);
  }
  return stale;
}

interface SchemaNode {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  required?: string[];
}

function configPage(): string {
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as SchemaNode;
  const rows: string[] = [];
  walk(schema, "", rows);
  return `# voxpost.yaml

Written by \`npm run docs\` from the schema in \`src/config.ts\`; change it there.

A key \`NAME_file: PATH\` takes the value of \`NAME\` from the first line of a file, and \`\${VARIABLE}\` within a value is
taken from the environment: so no secret need stand in the configuration. All faults are reported at once, with their
path. What stands under \`defaults\` may also be said of a context or of a mailbox;
the mailbox wins over its context, and that over \`defaults\`.

| key | type | meaning |
|---|---|---|
${rows.join("\n")}
`;
}

/** They stand once, under `defaults`, though contexts and mailboxes take them as well. */
const mailboxOptions = configSchema.shape.defaults.unwrap().shape;

function walk(node: SchemaNode, path: string, rows: string[]): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (path.startsWith("contexts.") && key in mailboxOptions) continue;
    const here = path ? `${path}.${key}` : key;
    const required = node.required?.includes(key) ? " **Required.**" : "";
    const fallback = defaultOf(child);
    rows.push(
      `| \`${here}\` | ${typeOf(child)} | ${(child.description ?? "").replaceAll("|", "\\|")}${fallback}${required} |`,
    );
    descend(child, here, rows);
  }
}

function descend(node: SchemaNode, path: string, rows: string[]): void {
  for (const variant of node.anyOf ?? []) descend(variant, path, rows);
  walk(node, path, rows);
  if (node.items) descend(node.items, `${path}[]`, rows);
  if (typeof node.additionalProperties === "object") descend(node.additionalProperties, `${path}.NAME`, rows);
}

function defaultOf(node: SchemaNode): string {
  if (node.default === undefined || typeof node.default === "object") return "";
  return ` Default \`${String(node.default)}\`.`;
}

function typeOf(node: SchemaNode): string {
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(" ");
  return node.type ?? "any";
}

/** As whoever receives it should read it: fields may be added. */
function externnotifySchema(): string {
  return `${JSON.stringify(z.toJSONSchema(countsEvent, { io: "input" }), null, 2)}\n`;
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { retryable, says }]) => `| \`${code}\` | ${says}. | ${retryable ? "yes" : "no"} |`,
  );
  return `# Errors

Written by \`npm run docs\` from \`src/errors.ts\`; change it there. Every error in a log line or on the command line has one
of these codes; the message says where and what to do.

| code | what it means | may a retry help? |
|---|---|---|
${rows.join("\n")}
`;
}

function phoneGuidePage(): string {
  return `# Phone guide

Written by \`npm run docs\` from the menus as they are shipped. Your administrator may have changed keys.

**Leaving a message.** Wait for the beep, or press # to skip to it. Speak; then hang up, or press #. If your message was too
short you are asked to try again.

**Listening.** Dial your voicemail number, enter mailbox and PIN if you are asked, each followed by #. You need not wait for a
prompt to end: any key may be pressed at once.

**While a message plays**, # goes forward and * back, 0 pauses and goes on, 2 starts again; every other key does what it does
in the menu. A message that you delete can be got back with the same key until you leave the folder or hang up.

\`\`\`
${menuGuide().trimEnd()}
\`\`\`

\`\`\`mermaid
${menuGraph().trimEnd()}
\`\`\`
`;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    const stale = await stalePages();
    if (stale.length > 0) console.error(`stale: ${stale.join(", ")}; run \`npm run docs\``);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    for (const [path, write] of Object.entries(PAGES)) writeFileSync(path, await write());
  }
}
