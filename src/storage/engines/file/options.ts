import { z } from "zod";

export const fileOptions = z.strictObject({
  engine: z.literal("file"),
  path: z
    .string()
    .min(1)
    .describe("Folder that holds the messages; made when it does not exist. Relative to the configuration."),
});
