import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder, onlyChild } from "../../scheme.ts";
import { createOverlay } from "./engine.ts";
import { overlayOptions } from "./options.ts";

export const overlayScheme = defineScheme(
  overlayOptions,
  ({ notes }, context, at) =>
    createOverlay({
      upper: onlyChild(at, "upper"),
      lower: [...at.children("lower[]").values()],
      marks: new Marks(notesFolder(notes, context, at), context.log),
    }),
  ["upper", "lower[]"],
);
