import { z } from "zod";
import { serverTrust } from "../../../model/server-trust.ts";

/** A text in which `{mailbox}` and `{context}` stand for those of the mailbox. */
const template = z.string().min(1);
const milliseconds = z.number().int().min(1);
const connections = z.number().int().min(1);

export const imapOptions = z
  .strictObject({
    engine: z.literal("imap"),
    host: z.string().min(1).describe("Name or address of the IMAP server."),
    port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe("TCP port. Default: 993 with tls, else 143."),
    tls: z
      .enum(["tls", "starttls", "none"])
      .default("tls")
      .describe(
        "tls: from the first byte. starttls: refuses to log in without it. none: passwords and voices in clear.",
      ),
    ...serverTrust,

    user: template
      .default("{mailbox}")
      .describe("IMAP user of a mailbox; {mailbox} and {context} are filled in."),
    users: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe("IMAP users of mailboxes that have another, as 1001@default: anna."),
    pins: z
      .enum(["server", "own"])
      .default("server")
      .describe(
        "Who checks a caller's PIN. server: it is the account's password. own: Voxpost (pin_hash, or pin), and the server never sees it.",
      ),
    proxy: z
      .strictObject({
        user: z
          .string()
          .min(1)
          .describe("User that may act for every mailbox (SASL PLAIN with an authorization id)."),
        password: z.string().min(1).optional().describe("Its password."),
        password_file: z.string().min(1).optional().describe("File that holds it; read at each login."),
      })
      .refine(({ password, password_file }) => (password === undefined) !== (password_file === undefined), {
        error: "give either password or password_file",
      })
      .optional()
      .describe("How Voxpost itself gets into every mailbox."),
    passwords: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe("Instead of proxy: IMAP password of each mailbox, as 1001@default: secret."),
    shared: z
      .boolean()
      .default(false)
      .describe(
        "Several mailboxes share one account: a mail is ours only when it names the mailbox exactly.",
      ),

    domain: z
      .string()
      .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, { error: "is not a domain name" })
      .default("voxpost.invalid")
      .describe("Right side of Message-ID, From and To of what is written."),
    folders: z
      .strictObject({
        inbox: z.string().min(1).default("INBOX").describe("Folder of new and old messages."),
        parent: z
          .array(z.string().min(1))
          .default([])
          .describe(
            'Parents of all other folders: ["Voicemail"] makes Voicemail/Work, with the server\'s delimiter.',
          ),
        trash: z
          .string()
          .min(1)
          .default("Voicemail Trash")
          .describe(
            "Folder of deleted messages. Not the mail client's own, which may be emptied at any time.",
          ),
        greetings: z.string().min(1).default("Greetings").describe("Folder of greetings, one mail each."),
      })
      .prefault({})
      .describe("Names of the folders, see below."),

    max_connections: connections
      .default(200)
      .describe("Most connections at once, watched ones included. A server needs some MB for each."),
    max_per_user: connections
      .default(5)
      .describe("Most connections of one mailbox; less than the server's own limit (Dovecot: 10)."),
    max_watched: z
      .number()
      .int()
      .min(0)
      .default(50)
      .describe("Most mailboxes watched by IDLE at once; 0 watches none."),
    poll_ms: milliseconds
      .default(30_000)
      .describe("Where the server has no IDLE, a watched mailbox is looked at this often. Milliseconds."),
    idle_ms: milliseconds
      .default(60_000)
      .describe("A connection that was not used this long is closed. Milliseconds."),
    connect_ms: milliseconds
      .default(10_000)
      .describe("Longest wait for connection, TLS and greeting. Milliseconds."),
    operation_ms: milliseconds
      .default(60_000)
      .describe(
        "Longest wait for one operation, waiting for a connection included. Callers wait no longer than 10 s. Milliseconds.",
      ),
  })
  .refine(({ proxy, passwords }) => proxy !== undefined || passwords !== undefined, {
    error: "give proxy or passwords: without them nothing can be delivered",
  });

export type ImapOptions = z.output<typeof imapOptions>;
