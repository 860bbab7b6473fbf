import { z } from "zod";
import { FORMATS } from "./layout.ts";

export const spoolOptions = z.strictObject({
  engine: z.literal("spool"),
  path: z
    .string()
    .min(1)
    .describe("app_voicemail's folder, mostly /var/spool/asterisk/voicemail. Relative to the configuration."),
  formats: z
    .array(z.enum(FORMATS))
    .min(1)
    .default([...FORMATS])
    .describe("Of several files of one recording, the first of these is played; others are not looked at."),
});
