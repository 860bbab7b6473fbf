import { z } from "zod";
import { isLoopback } from "../storage/engines/http/loopback.ts";

/** A program and its first arguments. No shell reads them. */
export const command = z.array(z.string().min(1)).min(1);

/** The `externnotify` key of the configuration. */
export const externnotifyOptions = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === "string" ? [given] : given))
  .refine(
    ([program = ""]) => /^\/\S+$/.test(program),
    "write the whole path of a program, /path; with arguments, a list: [/path, argument]",
  )
  .describe(
    "Program that is run when the counts of a mailbox have changed: /path, or [/path, argument, …]; context, mailbox, new, old and urgent follow (docs/externnotify.md).",
  );

/** The `webhook` key of the configuration. */
export const webhookOptions = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/#|^\w+:\/\/[^/]*@/.test(url), "give no user, password or # in it")
      .describe("Where it is sent to."),
    token: z
      .string()
      .regex(/^[!-~]+$/, "printable characters without blanks")
      .optional()
      .describe("Sent along as bearer token; or token_file. Default: none."),
    secret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/, "write whsec_ and 24 to 64 random bytes in base64")
      .optional()
      .describe(
        "Signs what is sent, whsec_ and 24 to 64 bytes in base64; or secret_file. Default: no signature.",
      ),
    cleartext: z
      .boolean()
      .default(false)
      .describe("Allow http:// to another machine, where token and mailboxes can be read on the way."),
  })
  .refine(
    ({ url, cleartext }) => cleartext || !url.startsWith("http:") || isLoopback(new URL(url).hostname),
    {
      path: ["url"],
      error: "use https:// to another machine, or set cleartext: true",
      when: ({ value }) => URL.canParse((value as { url?: string }).url ?? ""),
    },
  )
  .describe("The same told to a server, as JSON by POST (docs/externnotify.md).");

export type WebhookOptions = z.output<typeof webhookOptions>;
