import { z } from "zod";
import { formatMailbox } from "../../model/mailbox.ts";
import {
  cursor,
  defined,
  folderName,
  messageId,
  PAGE,
  PROTOCOL,
  time,
  VERSION,
} from "../engines/http/protocol.ts";
import { pageOfFound, toMessage } from "./messages.ts";
import { offeredBy, type Route } from "./route.ts";

const limit = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .refine((number) => number >= 1 && number <= PAGE, `is not between 1 and ${PAGE}`)
  .default(100);

const pageQuery = z.strictObject({ limit, after: cursor.optional() });

const listQuery = z.strictObject({
  view: z.enum(["urgent", "new", "old", "all"]).default("all"),
  limit,
  after: cursor.optional(),
});

const yesNo = z.enum(["true", "false"]).transform((text) => text === "true");
const seconds = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);
const folders = z
  .string()
  .max(200)
  .transform((text) => text.split(","))
  .pipe(z.array(folderName));

const findQuery = z.strictObject({
  id: messageId.optional(),
  receivedSince: time.optional(),
  receivedBefore: time.optional(),
  folders: folders.optional(),
  caller: z.string().max(200).optional(),
  minDuration: seconds.optional(),
  maxDuration: seconds.optional(),
  heard: yesNo.optional(),
  urgent: yesNo.optional(),
  words: z.string().max(200).optional(),
  limit,
  after: cursor.optional(),
});

/** What the server is, and what lies in its mailboxes. */
export const listingRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1",
    async run(_, { engine, server }) {
      return { json: { protocol: PROTOCOL, version: VERSION, server, capabilities: offeredBy(engine) } };
    },
  },
  {
    method: "get",
    path: "/v1/health",
    async run({ signal }, { engine }) {
      await engine.check(signal);
      return undefined;
    },
  },
  {
    method: "get",
    path: "/v1/space",
    needs: "space",
    async run({ signal }, { engine }) {
      return { json: { freeBytes: (await engine.freeBytes?.(signal)) ?? 0 } };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes",
    needs: "mailboxes",
    query: pageQuery,
    async run(asked, { engine }) {
      const { limit, after = "" } = asked.query(pageQuery);
      const all = new Set<string>();
      for await (const mailbox of engine.mailboxes?.(asked.signal) ?? []) all.add(formatMailbox(mailbox));
      const rest = [...all].filter((address) => address > after).sort();
      const mailboxes = rest.slice(0, limit);
      const last = mailboxes.at(-1);
      return { json: { mailboxes, ...(last && mailboxes.length < rest.length ? { next: last } : {}) } };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/folders/:folder/counts",
    async run({ mailbox, folder, signal }, { engine }) {
      return { json: await engine.count(mailbox, folder, signal) };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/folders/:folder/messages",
    query: listQuery,
    async run(asked, { engine }) {
      const { mailbox, folder, signal } = asked;
      const { after, ...query } = asked.query(listQuery);
      const from = after === undefined ? {} : { after };
      const { entries, ...rest } = await engine.list(mailbox, folder, { ...query, ...from }, signal);
      return { json: { messages: entries.map(toMessage), ...rest } };
    },
  },
  {
    method: "get",
    path: "/v1/mailboxes/:address/messages",
    query: findQuery,
    async run(asked, { engine }) {
      const { mailbox, signal } = asked;
      const { limit, after, ...query } = asked.query(findQuery);
      const found = await engine.find(mailbox, defined(query), signal);
      return { json: pageOfFound(found, { limit, after }) };
    },
  },
];
