import type { z } from "zod";
import { VoxpostError } from "../errors.ts";
import { archiveScheme } from "./compose/archive/index.ts";
import { mergeScheme } from "./compose/merge/index.ts";
import { mirrorScheme } from "./compose/mirror/index.ts";
import { overlayScheme } from "./compose/overlay/index.ts";
import { routeScheme } from "./compose/route/index.ts";
import type { Engine } from "./engine.ts";
import { fileScheme } from "./engines/file/index.ts";
import { httpScheme } from "./engines/http/index.ts";
import { imapScheme } from "./engines/imap/index.ts";
import { memoryScheme } from "./engines/memory/index.ts";
import { spoolScheme } from "./engines/spool/index.ts";
import { sqlScheme } from "./engines/sql/index.ts";
import { withObserve } from "./layers/observe.ts";
import { anyEngine, wrap } from "./layers/table.ts";
import { type EngineContext, engineTree, type Scheme, treesIn } from "./scheme.ts";

/**
 * Every engine by the word that stands behind `engine:` in the configuration.
 *
 * To add one, make a folder in `engines/` with the same files as the others and add a row here:
 * `options.ts` (a zod strictObject whose keys are described, with defaults and units), `engine.ts` (the engine),
 * `index.ts` (the door: `defineScheme(schema, create)`). Files beside them are named for their subject. Composites do
 * the same in `compose/`, and name the slots in which other engines stand.
 */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  memory: memoryScheme,
  file: fileScheme,
  imap: imapScheme,
  sql: sqlScheme,
  spool: spoolScheme,
  http: httpScheme,
  archive: archiveScheme,
  merge: mergeScheme,
  mirror: mirrorScheme,
  overlay: overlayScheme,
  route: routeScheme,
};

/** Those whose messages a server keeps that may die while we live. */
const REMOTE: ReadonlySet<string> = new Set(["imap", "sql", "http"]);

/**
 * Makes the engine that a configuration tree such as `{engine: "file", path: "…"}` describes, with the engines inside
 * it; it is not opened yet. `path` is where the tree stands in the configuration.
 * @throws VoxpostError CONFIG_INVALID that lists every fault with its path
 */
export function createEngine(tree: unknown, context: EngineContext, path = "storage"): Engine {
  const faults = engineFaults(tree, path);
  const { name, scheme, own, common } = partsOf(tree);
  if (faults.length > 0 || !scheme) {
    throw new VoxpostError("CONFIG_INVALID", `The storage cannot be opened:\n  - ${faults.join("\n  - ")}`, {
      context: { path },
    });
  }
  const children = (slot: string) =>
    new Map(treesIn(tree, slot).map(([at, inner]) => [at, createEngine(inner, context, `${path}.${at}`)]));
  const place = { path, children };
  const options = anyEngine.parse(common);
  const engine = scheme.create(own, context, place);
  // Composites are seen through the engines inside.
  const isSeen = scheme.slots.length > 0 || options.layers.some(({ layer }) => layer === "observe");
  const seen = isSeen ? engine : withObserve(engine, context.observer);
  return wrap(seen, options, context, place, REMOTE.has(name));
}

/** Every fault of a configuration tree in words, each with its path; empty when there is none. */
export function engineFaults(tree: unknown, path = "storage"): string[] {
  const { scheme, own, common } = partsOf(tree);
  if (!scheme) {
    return [`${path}.engine: choose one of ${Object.keys(SCHEMES).join(", ")} (docs/engines/)`];
  }
  const parsed = [
    ...(scheme.options.safeParse(own).error?.issues ?? []).map((issue) => describe(issue, path)),
    ...(anyEngine.safeParse(common).error?.issues ?? []).map((issue) => describe(issue, path)),
  ];
  const inner = scheme.slots.flatMap((slot) => treesIn(own, slot));
  return [...parsed, ...inner.flatMap(([at, child]) => engineFaults(child, `${path}.${at}`))];
}

/** What may stand in the tree of any engine, and what is the engine's own. */
function partsOf(tree: unknown): {
  name: string;
  scheme: Scheme | undefined;
  own: unknown;
  common: unknown;
} {
  const { layers, compress, breaker, ...own } = engineTree.safeParse(tree).data ?? {};
  const name = typeof own.engine === "string" && Object.hasOwn(SCHEMES, own.engine) ? own.engine : "";
  return { name, scheme: SCHEMES[name], own, common: { layers, compress, breaker } };
}

function describe(issue: z.core.$ZodIssue, path: string): string {
  const where = [path, ...issue.path.map(String)].join(".");
  if (issue.code !== "unrecognized_keys") return `${where}: ${issue.message}`;
  return `${where}: ${issue.keys.map((key) => `"${key}"`).join(", ")} is not a key of this engine; check its spelling`;
}
