import { z } from "zod";
import { FOLDERS } from "../../../model/folder.ts";
import { GREETINGS } from "../../../model/greeting.ts";
import { isMailboxName } from "../../../model/mailbox.ts";

/**
 * A backup is one stream: lines of JSON, each ended by a line feed, and behind a `data` line as many raw bytes as it
 * says and one line feed. docs/storage.md
 *
 *     {"voxpost":"backup","version":2,"boundary":"9f…","created":"…"}
 *     {"at":"9f…","is":"message","envelope":{…},"text":"…"}        or  "greeting"
 *     {"at":"9f…","is":"audio","kind":"voice","contentType":"audio/wav","duration":7}
 *     {"at":"9f…","is":"data","bytes":65536}
 *     …                                                           65536 bytes
 *     {"at":"9f…","is":"extras"}                                  if the message has some: data as of audio
 *     {"at":"9f…","is":"sealed","sha256":"…"}                     of every byte since the beginning of its message
 *     {"at":"9f…","is":"end","messages":1,"greetings":0}
 */
export const VERSION = 2;
/** Read as well: it is the same without extras. */
export const READABLE: readonly number[] = [1, VERSION];

/** Longest line that is read, bytes: what is longer is no line of a backup. */
export const LONGEST_LINE = 1_048_576;
/** Longest piece behind one `data` line. */
export const LONGEST_DATA = 1_048_576;

export const beginning = z.object({
  voxpost: z.literal("backup"),
  version: z.number(),
  /** Random, in every line: audio cannot pass for a line when a damaged stream is read. */
  boundary: z.string().regex(/^[0-9a-f]{32}$/),
  created: z.string(),
});

const mailbox = z
  .object({ mailbox: z.string(), context: z.string() })
  .refine((address) => isMailboxName(address.mailbox) && isMailboxName(address.context), "is no mailbox");

const envelope = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  mailbox,
  folder: z.enum(FOLDERS),
  caller: z.object({ number: z.string().exactOptional(), name: z.string().exactOptional() }),
  receivedAt: z.iso.datetime().transform((text) => new Date(text)),
  duration: z.number().int().min(0),
  heard: z.boolean(),
  urgent: z.boolean(),
  priority: z.boolean(),
  private: z.boolean(),
  category: z.string().exactOptional(),
  dialplanContext: z.string().exactOptional(),
  callId: z.string().exactOptional(),
});

const at = z.string();

export const frame = z.discriminatedUnion("is", [
  z.object({ at, is: z.literal("message"), envelope, text: z.string().exactOptional() }),
  z.object({ at, is: z.literal("greeting"), mailbox, greeting: z.enum(GREETINGS) }),
  z.object({
    at,
    is: z.literal("audio"),
    kind: z.enum(["voice", "comment"]),
    contentType: z.string(),
    duration: z.number().min(0).exactOptional(),
  }),
  /** What a mail has beyond our model; behind the audio. */
  z.object({ at, is: z.literal("extras") }),
  z.object({ at, is: z.literal("data"), bytes: z.number().int().min(1).max(LONGEST_DATA) }),
  /** Ends a message or greeting. Without it, it is not restored. */
  z.object({ at, is: z.literal("sealed"), sha256: z.string() }),
  /** Ends one that could not be read to its end. */
  z.object({ at, is: z.literal("abandoned") }),
  z.object({ at, is: z.literal("end"), messages: z.number(), greetings: z.number(), faults: z.number() }),
]);

export type Frame = z.output<typeof frame>;
