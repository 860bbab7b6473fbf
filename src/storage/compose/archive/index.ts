import { VoxpostError } from "../../../errors.ts";
import type { Engine } from "../../engine.ts";
import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder, type Place } from "../../scheme.ts";
import { withCompression } from "./compress.ts";
import { createArchive } from "./engine.ts";
import { archiveOptions } from "./options.ts";

export const archiveScheme = defineScheme(
  archiveOptions,
  ({ after, over_messages: overMessages, over_bytes: overBytes, compress, notes }, context, at) =>
    createArchive({
      live: only(at, "live"),
      archive: withCompression(only(at, "archive"), compress ?? "none"),
      rules: { after, overMessages, overBytes },
      marks: new Marks(notesFolder(notes, context, at), context.log),
    }),
  ["live", "archive"],
);

function only(at: Place, slot: string): Engine {
  const engine = at.children(slot).get(slot);
  if (engine) return engine;
  throw new VoxpostError("INTERNAL", `${at.path} has no ${slot}`);
}
