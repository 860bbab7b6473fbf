import { z } from "zod";
import { engineTree, notesOption } from "../../scheme.ts";

const milliseconds = z.number().int().min(1);

export const mirrorOptions = z
  .strictObject({
    engine: z.literal("mirror"),
    primary: engineTree.describe("Engine that is read, as long as it answers."),
    replicas: z
      .array(engineTree)
      .min(1)
      .describe("Engines that have everything too, in the order in which they stand in."),
    write: z
      .union([z.enum(["all", "primary"]), z.number().int().min(1)])
      .default("all")
      .describe(
        "Which engines have a new message or greeting before it counts as stored: all, primary, or how many.",
      ),
    answer_ms: milliseconds
      .default(3_000)
      .describe("An engine that takes longer is passed over, where no audio is moved. Milliseconds."),
    transfer_ms: milliseconds.default(60_000).describe("The same, where audio is moved. Milliseconds."),
    away_ms: milliseconds
      .default(15_000)
      .describe("An engine that did not answer is left alone this long. Milliseconds."),
    notes: notesOption,
  })
  .superRefine(({ write, replicas }, context) => {
    if (typeof write !== "number" || write <= replicas.length + 1) return;
    const message = `there are ${replicas.length + 1} engines only`;
    context.addIssue({ code: "custom", path: ["write"], message });
  });

export type MirrorOptions = z.output<typeof mirrorOptions>;
