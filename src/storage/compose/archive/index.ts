import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder, onlyChild } from "../../scheme.ts";
import { withCompression } from "./compress.ts";
import { createArchive } from "./engine.ts";
import { archiveOptions } from "./options.ts";

export const archiveScheme = defineScheme(
  archiveOptions,
  ({ after, over_messages: overMessages, over_bytes: overBytes, compress, notes }, context, at) =>
    createArchive({
      live: onlyChild(at, "live"),
      archive: withCompression(onlyChild(at, "archive"), compress ?? "none"),
      rules: { after, overMessages, overBytes },
      marks: new Marks(notesFolder(notes, context, at), context.log),
    }),
  ["live", "archive"],
);
