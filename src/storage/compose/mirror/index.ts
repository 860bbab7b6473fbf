import { Marks } from "../../marks.ts";
import { defineScheme, notesFolder, onlyChild } from "../../scheme.ts";
import { createMirror } from "./engine.ts";
import { mirrorOptions } from "./options.ts";

export const mirrorScheme = defineScheme(
  mirrorOptions,
  ({ notes, ...options }, context, at) =>
    createMirror({
      ...options,
      primary: onlyChild(at, "primary"),
      replicas: [...at.children("replicas[]").values()],
      marks: new Marks(notesFolder(notes, context, at), context.log),
    }),
  ["primary", "replicas[]"],
);
