import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder, onlyChild } from "../../scheme.ts";
import { createArchive } from "./engine.ts";
import { archiveOptions } from "./options.ts";

export const archiveScheme = defineScheme(
  archiveOptions,
  ({ after, over_messages: overMessages, over_bytes: overBytes, notes }, context, at) =>
    createArchive({
      live: onlyChild(at, "live"),
      archive: onlyChild(at, "archive"),
      rules: { after, overMessages, overBytes },
      marks: new Marks(notesFolder(notes, context, at), context.log),
    }),
  ["live", "archive"],
);
