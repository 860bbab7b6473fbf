import { z } from "zod";

export const memoryOptions = z.strictObject({
  engine: z.literal("memory"),
  max_bytes: z
    .number()
    .int()
    .min(1)
    .describe("Most audio in one mailbox, greetings not counted. Bytes. Default: no limit.")
    .optional(),
});
