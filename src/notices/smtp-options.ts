import { z } from "zod";
import { serverTrust } from "../model/server-trust.ts";

/** Where mails about messages are handed in. */
export const smtpOptions = z
  .strictObject({
    host: z.string().min(1).describe("Name or address of the SMTP server that takes the mails."),
    port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe("TCP port. Default: 465 with tls, 587 with starttls, 25 with none."),
    tls: z
      .enum(["tls", "starttls", "none"])
      .default("starttls")
      .describe(
        "tls: from the first byte. starttls: sends nothing without it. none: password and voices in clear.",
      ),
    ...serverTrust,
    user: z.string().min(1).optional().describe("SMTP user. Default: no login."),
    password: z.string().min(1).optional().describe("Its password; or password_file."),
    timeout: z
      .number()
      .min(1)
      .default(600)
      .describe(
        "Longest wait for one answer of the server, seconds. A server that took a mail may take ten minutes to say so (RFC 5321); who waits less sends it again.",
      ),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    error: "give user and password (or password_file) together, or neither",
  });

export type SmtpOptions = z.output<typeof smtpOptions>;
