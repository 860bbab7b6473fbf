import { z } from "zod";
import { engineTree, notesOption } from "../../scheme.ts";

export const overlayOptions = z.strictObject({
  engine: z.literal("overlay"),
  upper: engineTree.describe("Engine that everything is written to; greetings and PINs are its own."),
  lower: z.array(engineTree).min(1).describe("Engines that are only read, the uppermost first."),
  notes: notesOption,
});
