import { join, resolve } from "node:path";
import { z } from "zod";
import { VoxpostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { Engine } from "./engine.ts";
import type { OnBack } from "./layers/breaker.ts";
import type { Observer } from "./layers/observe.ts";

/** What every engine is given besides its own options. */
export interface EngineContext {
  readonly log: Logger;
  /** Relative paths in the configuration start here. */
  readonly folder: string;
  /**
   * False: what is not there is not made when the engine is opened (a folder, a database file); its operations reject
   * with STORE_UNREACHABLE instead. For commands that only look. Default true.
   */
  readonly create?: boolean;
  /** Folder for what composites and layers must remember (`marks.ts`). Default: `voxpost-data` in `folder`. */
  readonly data?: string;
  /** What the administrator says of a mailbox (class, region): `route` sends by it. Default: nothing of nobody. */
  attributesOf?(mailbox: MailboxAddress): Readonly<Record<string, string>>;
  /** Told of every operation of the innermost engines, and of one with the layer `observe`. Default: nobody is. */
  readonly observer?: Observer;
  /** A server that was taken for dead answers again (layers/breaker.ts). Default: nobody is told. */
  readonly onBack?: OnBack;
}

/** One row of the registry: what may stand in the configuration, and how an engine is made from it. */
export interface Scheme {
  readonly options: z.ZodType;
  /** Where the trees of other engines stand within this one's: `live`, `replicas[]` (a list), `engines{}` (by name). */
  readonly slots: readonly string[];
  /** The engine is not opened yet: whoever uses it calls `open` and `close`. */
  create(tree: unknown, context: EngineContext, place: Place): Engine;
}

/** Where an engine's tree stands in the configuration. */
export interface Place {
  /** Such as `storage.live`. */
  readonly path: string;
  /** The engines of a slot, in their order, by the path below this one (`replicas.0`, `engines.old`). Not opened yet. */
  children(slot: string): ReadonlyMap<string, Engine>;
}

/** Ties a schema to the function that takes its output, so that the table of schemes needs no casts. */
export function defineScheme<Options extends z.ZodType>(
  options: Options,
  create: (options: z.output<Options>, context: EngineContext, place: Place) => Engine,
  slots: readonly string[] = [],
): Scheme {
  return {
    options,
    slots,
    create: (tree, context, place) => create(options.parse(tree), context, place),
  };
}

/** An engine's tree within another's; what stands in it is the inner engine's affair. */
export const engineTree = z.record(z.string(), z.unknown());

export const notesOption = z
  .string()
  .min(1)
  .describe(
    "Folder of this engine's own notes. Default: one named for its place in the configuration, in data.",
  )
  .optional();

/** Two composites never share a folder of notes, for no two stand at one place. */
export function notesFolder(option: string | undefined, context: EngineContext, { path }: Place): string {
  const { folder, data = "voxpost-data" } = context;
  return resolve(folder, option ?? join(data, "storage", path));
}

/** The engine of a slot that holds one. The schema has seen to it that there is one. */
export function onlyChild(at: Place, slot: string): Engine {
  const engine = at.children(slot).get(slot);
  if (engine) return engine;
  throw new VoxpostError("INTERNAL", `${at.path} has no ${slot}`);
}

/** The trees in one slot of a tree that nobody has checked yet, by their path within it. */
export function treesIn(tree: unknown, slot: string): Array<[path: string, tree: unknown]> {
  const name = slot.replace(/\[\]|\{\}$/, "");
  const value = engineTree.safeParse(tree).data?.[name];
  if (slot === name) return value === undefined ? [] : [[name, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).map(([key, inner]) => [`${name}.${key}`, inner]);
}
