import { z } from "zod";
import { FOLDERS, type Folder } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { NewMessage } from "../../../model/message.ts";
import type { Entry, Ref } from "../../engine.ts";
import { messageUnknown } from "../../faults.ts";

/**
 * The words of docs/engines/http.openapi.yaml, for both halves. That document is the source; this follows it, and
 * test/storage/http-document.test.ts holds real answers against it. What comes in is read loosely as an answer (fields
 * of a later 1.x are passed over) and strictly as a request (nothing is lost in silence).
 */

export const PROTOCOL = "voxpost-storage";
export const VERSION = "1.2";

/** Longest page that either half asks for or gives. */
export const PAGE = 500;

/** The server says something at least this often while it is watched; after three times as long the client goes. */
export const HEARTBEAT_MS = 15_000;

/** Codes of our closed list that may travel; every other fault is one of these to the other side. */
export const WIRE_CODES = [
  "STORE_UNREACHABLE",
  "STORE_TIMEOUT",
  "STORE_REFUSED",
  "STORE_FULL",
  "MAILBOX_UNKNOWN",
  "FOLDER_UNKNOWN",
  "MESSAGE_UNKNOWN",
  "MESSAGE_MALFORMED",
  "UNSUPPORTED",
  "ADDRESS_INVALID",
  "INTERNAL",
] as const;

export type WireCode = (typeof WIRE_CODES)[number];

const text = z.string().max(100_000);
const count = z.int().min(0);
export const messageId = z.string().regex(/^[0-9a-f]{32}$/);
export const wireKey = z.string().regex(/^[A-Za-z0-9_-]{1,1000}$/);
export const cursor = z.string().min(1).max(2_000);
export const folderName = z.enum(FOLDERS);
export const time = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/)
  .transform((value) => new Date(value))
  .refine((date) => date.getTime() >= 0, "is no time between 1970 and 9999");
/** As other programs write it: with an offset, or microseconds. */
const timeTold = z.iso.datetime({ offset: true }).transform((value) => new Date(value));
/** Left out on the last page; empty is what some write there. */
const next = z
  .string()
  .max(2_000)
  .optional()
  .transform((cursor) => cursor || undefined);
const contentType = z.string().min(1).max(200);
export const partKind = z.enum(["voice", "comment"]);

const capabilitiesSchema = z.object({
  authenticate: z.boolean(),
  greetings: z.boolean(),
  watch: z.boolean(),
  quota: z.boolean(),
  search: z.boolean(),
  move: z.boolean(),
  writable: z.boolean(),
  texts: z.boolean().default(false),
  extras: z.boolean().default(false),
  mailboxes: z.boolean().default(false),
  space: z.boolean().default(false),
});

export const serviceSchema = z.object({
  protocol: z.literal(PROTOCOL),
  version: z.string().regex(/^1\.\d+$/),
  server: z.string().max(200),
  capabilities: capabilitiesSchema,
});

export type Service = z.output<typeof serviceSchema>;

export const countsSchema = z.object({ urgent: count, new: count, old: count });

const about = {
  duration: count,
  heard: z.boolean(),
  urgent: z.boolean(),
  priority: z.boolean(),
  private: z.boolean(),
};

export const messageSchema = z.object({
  ...about,
  receivedAt: timeTold,
  caller: z.object({ number: z.string().optional(), name: z.string().optional() }),
  category: z.string().optional(),
  dialplanContext: z.string().optional(),
  callId: z.string().optional(),
  key: wireKey,
  folder: folderName,
  etag: z.string().max(1_000),
  id: messageId,
});
export const pageSchema = z.object({
  messages: z.array(messageSchema),
  total: count,
  next,
});
export const foundSchema = z.object({ messages: z.array(messageSchema), next });
export const placeSchema = z.object({ folder: folderName, key: wireKey });
export const verdictSchema = z.object({ valid: z.boolean() });
export const quotaSchema = z.object({ usedBytes: count, limitBytes: count });
export const textSchema = z.object({ text: z.string() });
export const mailboxesSchema = z.object({
  mailboxes: z.array(z.string().max(200)),
  next,
});
export const spaceSchema = z.object({ freeBytes: count });
export const problemSchema = z.object({
  code: z.enum(WIRE_CODES),
  detail: z.string().optional(),
  retryable: z.boolean().optional(),
});

/** Names bytes that were uploaded before, so that nothing else is taken for them. */
const uploaded = {
  upload: messageId,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
};

export const newMessageSchema = z.strictObject({
  ...about,
  receivedAt: time,
  caller: z.strictObject({ number: text.optional(), name: text.optional() }),
  category: text.optional(),
  dialplanContext: text.optional(),
  callId: text.optional(),
  folder: folderName,
  text: z.string().max(500_000).optional(),
  audio: z
    .array(z.strictObject({ ...uploaded, kind: partKind, contentType, duration: count.optional() }))
    .min(1)
    .max(100),
  extras: z.strictObject(uploaded).optional(),
});
export const flagChangeSchema = z.strictObject({
  heard: z.boolean().optional(),
  urgent: z.boolean().optional(),
});
export const moveSchema = z.strictObject({ folder: folderName });
export const authenticationSchema = z.strictObject({ pin: z.string().max(64) });

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the fields that are undefined: JSON and our types both mean "left out" by it. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>;
}

/**
 * A message's own fields, as they are sent to a server of this version: each by its name, because a server refuses what it does
 * not know, and then the message.
 */
export function toFields(message: Omit<NewMessage, "audio" | "extras">, version: string): object {
  const { caller, receivedAt, duration, heard, urgent, priority, category, dialplanContext, callId, text } =
    message;
  return {
    caller: { number: caller.number, name: caller.name },
    receivedAt: receivedAt.toISOString(),
    ...{ duration, heard, urgent, priority, private: message.private, category, callId, text },
    ...(isAtLeast(version, 2) && { dialplanContext }),
  };
}

function isAtLeast(version: string, minor: number): boolean {
  return Number(version.split(".")[1]) >= minor;
}

/** What the other side told of a message, as an entry of this mailbox. */
export function toEntry(mailbox: MailboxAddress, message: z.output<typeof messageSchema>): Entry {
  const { key, etag: _, caller, ...envelope } = message;
  return {
    ref: { mailbox, folder: message.folder, key },
    envelope: { ...defined(envelope), caller: defined(caller), mailbox },
  };
}

/** Media types go into headers: what is none must not break one. */
export function headerType(contentType: string): string {
  return MEDIA_TYPE.test(contentType) && contentType.length <= 200 ? contentType : "application/octet-stream";
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[ -~]*)?$/;

export function mailboxPath({ mailbox, context }: MailboxAddress): string {
  return `/v1/mailboxes/${mailbox}@${context}`;
}

export function messagesPath(mailbox: MailboxAddress, folder: Folder): string {
  return `${mailboxPath(mailbox)}/folders/${folder}/messages`;
}

/** @throws VoxpostError MESSAGE_UNKNOWN for a key that no server can have given; it never gets into a URL */
export function refPath(ref: Ref): string {
  if (!wireKey.safeParse(ref.key).success) throw messageUnknown(ref);
  return `${messagesPath(ref.mailbox, ref.folder)}/${ref.key}`;
}
