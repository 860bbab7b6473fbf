import { z } from "zod";
import { FOLDERS } from "../../../model/folder.ts";
import { engineTree, notesOption } from "../../scheme.ts";

export const mergeOptions = z
  .strictObject({
    engine: z.literal("merge"),
    engines: z.array(engineTree).min(1).describe("The engines, each with its own keys."),
    place: z
      .enum(["first-with-room", "hash", "by-mailbox", "by-folder"])
      .default("first-with-room")
      .describe("Which engine gets a new message, see below."),
    folders: z
      .partialRecord(z.enum(FOLDERS), z.number().int().min(0))
      .default({})
      .describe("With by-folder: number of each folder's engine, from 0. Default: 0."),
    notes: notesOption,
  })
  .superRefine(({ engines, folders }, context) => {
    for (const [folder, at] of Object.entries(folders)) {
      if (at < engines.length) continue;
      const message = `there is no engine ${at}; they are numbered from 0`;
      context.addIssue({ code: "custom", path: ["folders", folder], message });
    }
  });

export type MergeOptions = z.output<typeof mergeOptions>;
