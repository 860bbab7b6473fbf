import { z } from "zod";
import { isDatabaseUrl } from "./url.ts";

const milliseconds = z.number().int().min(1);

export const sqlOptions = z.strictObject({
  engine: z.literal("sql"),
  url: z
    .string()
    .refine(isDatabaseUrl, {
      error: "write sqlite:///PATH or postgres://USER@HOST:PORT/DATABASE, other settings as keys beside it",
    })
    .describe(
      "sqlite:///PATH (sqlite:PATH begins at the configuration's folder), or postgres://USER@HOST:PORT/DATABASE.",
    ),
  password: z.string().optional().describe("PostgreSQL: the user's password; or password_file."),
  tls: z
    .enum(["tls", "none"])
    .default("tls")
    .describe("PostgreSQL: tls checks the server's certificate. none: passwords and voices in clear."),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("PostgreSQL: file with the certificate authority of the server, PEM. Default: Node's."),
  max_connections: z
    .number()
    .int()
    .min(1)
    .default(10)
    .describe("PostgreSQL: most connections at once; one more is used for watching."),
  connect_ms: milliseconds
    .default(5_000)
    .describe("PostgreSQL: longest wait for a connection, new or free. Milliseconds."),
  operation_ms: milliseconds
    .default(10_000)
    .describe("Longest wait for one statement; in SQLite, for other programs' writing to end. Milliseconds."),
  poll_ms: milliseconds
    .default(1_000)
    .describe("SQLite: a watched mailbox is looked at this often. Milliseconds."),
  max_bytes: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Most audio in one mailbox, greetings not counted. Bytes. Default: no limit."),
});

export type SqlOptions = z.output<typeof sqlOptions>;
