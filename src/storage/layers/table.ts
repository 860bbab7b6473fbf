import { z } from "zod";
import type { Engine } from "../engine.ts";
import { Marks } from "../marks.ts";
import { type EngineContext, notesFolder, notesOption, type Place } from "../scheme.ts";
import { type BreakerOptions, withBreaker } from "./breaker.ts";
import { compression, withCompression } from "./compress.ts";
import { withFlags } from "./flags.ts";
import { withObserve } from "./observe.ts";
import { withRetry } from "./retry.ts";
import { withTimeout } from "./timeout.ts";

const milliseconds = z.number().int().min(1);

const layer = z.discriminatedUnion("layer", [
  z.strictObject({
    layer: z.literal("retry"),
    tries: z.number().int().min(2).max(10).optional().describe("How often in all. Default 3."),
    first_ms: milliseconds.optional().describe("Longest wait before the second try. Default 200."),
    longest_ms: milliseconds.optional().describe("Longest of all waits. Default 2000."),
  }),
  z.strictObject({
    layer: z.literal("timeout"),
    answer_ms: milliseconds.optional().describe("For what moves no audio. Default 10000."),
    transfer_ms: milliseconds.optional().describe("For what moves audio. Default 120000."),
  }),
  z.strictObject({ layer: z.literal("observe") }),
  z.strictObject({ layer: z.literal("flags"), notes: notesOption }),
]);

type Layer = z.output<typeof layer>;

const breakerKeys = z.strictObject({
  failures: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("After so many in a row, of two mailboxes or more. Default 5."),
  first_ms: milliseconds.optional().describe("Pause before the server is asked again. Default 1000."),
  longest_ms: milliseconds.optional().describe("Longest of all pauses. Default 15000."),
});

/** What may stand in the tree of any engine, beside its own keys. */
export const anyEngine = z.looseObject({
  breaker: z
    .union([z.literal(false), breakerKeys])
    .optional()
    .describe(
      "Fail at once while the server is dead; false: wait each time. Default: on for imap, http and sql.",
    ),
  compress: compression
    .optional()
    .describe("Keep audio compressed: gzip, or zstd with Node 22.15. Default: as it comes."),
  layers: z.array(layer).default([]).describe("The first is next to the engine, the last is outermost."),
});

/** `remote`: its backend is a server that may die while we live, so there is a breaker unless it was switched off. */
export function wrap(
  engine: Engine,
  { breaker, compress, layers }: z.output<typeof anyEngine>,
  context: EngineContext,
  place: Place,
  remote: boolean,
): Engine {
  const wanted = breaker ?? (remote ? {} : false);
  const guarded = wanted ? withBreaker(engine, breakerOptions(wanted, context)) : engine;
  const inmost = compress ? withCompression(guarded, compress) : guarded;
  return layers.reduce((inner, options) => wrapOnce(inner, options, context, place), inmost);
}

function breakerOptions(
  options: z.output<typeof breakerKeys>,
  { log, onBack }: EngineContext,
): BreakerOptions {
  return {
    log,
    onBack,
    ...(options.failures === undefined ? {} : { failures: options.failures }),
    ...(options.first_ms === undefined ? {} : { firstMs: options.first_ms }),
    ...(options.longest_ms === undefined ? {} : { longestMs: options.longest_ms }),
  };
}

function wrapOnce(inner: Engine, options: Layer, context: EngineContext, place: Place): Engine {
  switch (options.layer) {
    case "retry":
      return withRetry(inner, {
        ...(options.tries === undefined ? {} : { tries: options.tries }),
        ...(options.first_ms === undefined ? {} : { firstMs: options.first_ms }),
        ...(options.longest_ms === undefined ? {} : { longestMs: options.longest_ms }),
      });
    case "timeout":
      return withTimeout(inner, {
        ...(options.answer_ms === undefined ? {} : { answerMs: options.answer_ms }),
        ...(options.transfer_ms === undefined ? {} : { transferMs: options.transfer_ms }),
      });
    case "observe":
      return withObserve(inner, context.observer);
    case "flags": {
      const at = { ...place, path: `${place.path}.flags` };
      return withFlags(inner, new Marks(notesFolder(options.notes, context, at), context.log));
    }
  }
}
