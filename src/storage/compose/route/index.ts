import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder } from "../../scheme.ts";
import { createRoute } from "./engine.ts";
import { routeOptions } from "./options.ts";

export const routeScheme = defineScheme(
  routeOptions,
  ({ default: other, rules, notes }, context, at) => {
    const children = [...at.children("engines{}")];
    return createRoute({
      engines: new Map(children.map(([path, engine]) => [path.slice("engines.".length), engine])),
      default: other,
      rules,
      attributesOf: (mailbox) => context.attributesOf?.(mailbox) ?? {},
      marks: new Marks(notesFolder(notes, context, at), context.log),
    });
  },
  ["engines{}"],
);
