import { z } from "zod";
import { engineTree, notesOption } from "../../scheme.ts";

const UNITS = { d: 24 * 60 * 60_000, h: 60 * 60_000, m: 60_000, s: 1_000 } as const;

/** `90d`, `12h`: a number of days, hours, minutes or seconds; milliseconds afterwards. */
const age = z
  .string()
  .regex(/^\d{1,6}[dhms]$/, "a number and d, h, m or s, such as 90d")
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.at(-1) as keyof typeof UNITS] ?? 0));

export const archiveOptions = z
  .strictObject({
    engine: z.literal("archive"),
    live: engineTree.describe("Engine of new messages, greetings and PINs."),
    archive: engineTree.describe("Engine of old messages."),
    after: age.optional().describe("Messages of calls this long ago are moved: 90d, 12h."),
    over_messages: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe("Messages of a folder that stay; older ones are moved."),
    over_bytes: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(
        "Bytes of a mailbox that stay; older messages are moved. Needs a live engine that tells its quota.",
      ),
    notes: notesOption,
  })
  .refine((options) => options.after ?? options.over_messages ?? options.over_bytes, {
    message: "say after, over_messages or over_bytes: without one nothing is ever moved",
  });
