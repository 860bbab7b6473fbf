import type { z } from "zod";
import type { Logger } from "../log.ts";
import type { Engine } from "./engine.ts";

/** What every engine is given besides its own options. */
export interface EngineContext {
  readonly log: Logger;
  /** Relative paths in the configuration start here. */
  readonly folder: string;
}

/** One row of the registry: what may stand in the configuration, and how an engine is made from it. */
export interface Scheme {
  readonly options: z.ZodType;
  /** The engine is not opened yet: whoever uses it calls `open` and `close`. */
  create(tree: unknown, context: EngineContext): Engine;
}

/** Ties a schema to the function that takes its output, so that the table of schemes needs no casts. */
export function defineScheme<Options extends z.ZodType>(
  options: Options,
  create: (options: z.output<Options>, context: EngineContext) => Engine,
): Scheme {
  return { options, create: (tree, context) => create(options.parse(tree), context) };
}
