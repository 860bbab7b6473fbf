import { z } from "zod";
import { isLoopback } from "./loopback.ts";

/** What may be declined: the rest of a server's work nobody can do without. */
const OPTIONAL = ["authenticate", "greetings", "watch", "quota"] as const;

export const httpOptions = z
  .strictObject({
    engine: z.literal("http"),
    url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/[?#]|^\w+:\/\/[^/]*@/.test(url), "give no user, password, ? or # in it")
      .describe("Where the server is, without the /v1."),
    token: z.string().min(1).optional().describe("Bearer token; or token_file. Default: none."),
    without: z
      .array(z.enum(OPTIONAL))
      .default([])
      .describe(
        `What is not used even if the server does it: ${OPTIONAL.join(", ")}. Without authenticate, PINs come from the configuration.`,
      ),
    cleartext: z
      .boolean()
      .default(false)
      .describe("Allow http:// to another machine, where token and voices can be read on the way."),
    answer_ms: z
      .number()
      .int()
      .min(1)
      .default(10_000)
      .describe("Longest wait for an answer, repeated tries included. Milliseconds."),
    store_ms: z
      .number()
      .int()
      .min(1)
      .default(120_000)
      .describe("Longest wait for the server to store what it was sent. Milliseconds."),
    stall_ms: z
      .number()
      .int()
      .min(1)
      .default(30_000)
      .describe("Longest time without a byte while audio moves. Milliseconds."),
  })
  .refine(({ url, cleartext }) => cleartext || !url.startsWith("http:") || isLoopback(hostOf(url)), {
    path: ["url"],
    error: "use https:// to another machine, or set cleartext: true",
  });

/** Also of what is no URL, which another check tells. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

export type HttpOptions = z.output<typeof httpOptions>;
