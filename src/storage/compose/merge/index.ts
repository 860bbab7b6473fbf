import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder } from "../../scheme.ts";
import { createMerge } from "./engine.ts";
import { mergeOptions } from "./options.ts";

export const mergeScheme = defineScheme(
  mergeOptions,
  ({ place, folders, notes }, context, at) => {
    const [first, ...more] = at.children("engines[]").values();
    if (!first) throw new RangeError("The schema lets no merge without an engine through");
    const marks = new Marks(notesFolder(notes, context, at), context.log);
    return createMerge({ engines: [first, ...more], place, folders, marks });
  },
  ["engines[]"],
);
