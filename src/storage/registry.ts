import { z } from "zod";
import { VoxpostError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import { fileScheme } from "./engines/file/index.ts";
import { imapScheme } from "./engines/imap/index.ts";
import { memoryScheme } from "./engines/memory/index.ts";
import type { EngineContext, Scheme } from "./scheme.ts";

/**
 * Every engine by the word that stands behind `engine:` in the configuration.
 *
 * To add one, make a folder in `engines/` with the same files as the others and add a row here:
 * `options.ts` (a zod strictObject whose keys are described, with defaults and units), `engine.ts` (the engine),
 * `index.ts` (the door: `defineScheme(schema, create)`). Files beside them are named for their subject.
 */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  memory: memoryScheme,
  file: fileScheme,
  imap: imapScheme,
};

/**
 * Makes the engine that a configuration tree such as `{engine: "file", path: "…"}` describes; it is not opened yet.
 * `path` is where the tree stands in the configuration.
 * @throws VoxpostError CONFIG_INVALID that lists every fault with its path
 */
export function createEngine(tree: unknown, context: EngineContext, path = "storage"): Engine {
  const faults = engineFaults(tree, path);
  const scheme = schemeOf(tree);
  if (faults.length > 0 || !scheme) {
    throw new VoxpostError("CONFIG_INVALID", `The storage cannot be opened:\n  - ${faults.join("\n  - ")}`, {
      context: { path },
    });
  }
  return scheme.create(tree, context);
}

/** Every fault of a configuration tree in words, each with its path; empty when there is none. */
export function engineFaults(tree: unknown, path = "storage"): string[] {
  const scheme = schemeOf(tree);
  if (!scheme) {
    return [`${path}.engine: choose one of ${Object.keys(SCHEMES).join(", ")} (docs/engines/)`];
  }
  const parsed = scheme.options.safeParse(tree);
  return parsed.success ? [] : parsed.error.issues.map((issue) => describe(issue, path));
}

const named = z.looseObject({ engine: z.string() });

function schemeOf(tree: unknown): Scheme | undefined {
  const engine = named.safeParse(tree).data?.engine;
  return engine !== undefined && Object.hasOwn(SCHEMES, engine) ? SCHEMES[engine] : undefined;
}

function describe(issue: z.core.$ZodIssue, path: string): string {
  const where = [path, ...issue.path.map(String)].join(".");
  if (issue.code !== "unrecognized_keys") return `${where}: ${issue.message}`;
  return `${where}: ${issue.keys.map((key) => `"${key}"`).join(", ")} is not a key of this engine; check its spelling`;
}
