import { z } from "zod";
import { KEYS } from "../ivr/phrase.ts";
import { DIALOGUES, promptItem } from "./menu-change.ts";

/** What a plug-in file must look like, and what its actions may answer: nobody has type-checked either. */

const does = z.custom<() => unknown>((value) => typeof value === "function", "must be a function");
const words = z.array(promptItem);
const phrase = z.union([z.string(), z.strictObject({ sound: z.string() })]);
const key = z.enum(KEYS);

const action = z.strictObject({
  title: z.string().min(1),
  run: does,
  leaves: z.literal(true).optional(),
  ends: z.literal(true).optional(),
  leadsTo: z.array(z.string()).optional(),
  available: does.optional(),
  announced: does.optional(),
  object: does.optional(),
});

const menu = z.strictObject({
  title: z.string().min(1),
  prompt: words,
  intro: words.optional(),
  help: words.optional(),
  keys: z.partialRecord(key, z.union([z.string(), z.array(z.string()).min(1)])),
  always: z.literal(true).optional(),
  entry: z
    .strictObject({
      action: z.string(),
      maxKeys: z.number().int().min(1).optional(),
      betweenMs: z.number().min(1).optional(),
    })
    .optional(),
  default: z.string().optional(),
  invalid: z.array(phrase).optional(),
  timeout: z.array(phrase).optional(),
  wait: z.number().int().min(500).max(60_000).optional(),
  tries: z.number().int().min(1).max(20).optional(),
});

const extension = z.strictObject({
  actions: z.record(z.string(), action).default({}),
  menus: z.record(z.string(), menu).default({}),
  sentences: z.record(z.string(), does).default({}),
  words: z.record(z.string(), phrase).default({}),
});

export const pluginShape = z
  .strictObject(Object.fromEntries(DIALOGUES.map((dialogue) => [dialogue, extension.optional()])))
  .refine((plugin) => Object.keys(plugin).length > 0, `must export one of ${DIALOGUES.join(", ")}`);

const script = z.array(z.union([z.string(), z.looseObject({})])).optional();
export const outcomeShape = z.discriminatedUnion("next", [
  z.strictObject({ next: z.literal("stay") }),
  z.strictObject({ next: z.literal(["repeat", "help", "up"]), say: script }),
  z.strictObject({
    next: z.literal("menu"),
    menu: z.string(),
    say: script,
    key: key.optional(),
    over: z.string().optional(),
  }),
  z.strictObject({ next: z.literal("press"), key }),
  z.strictObject({
    next: z.literal("exit"),
    to: z.strictObject({ context: z.string(), extension: z.string() }).optional(),
    say: script,
  }),
]);
