import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { VoxpostError } from "../../../errors.ts";

/** The file in a message's (or greeting's) folder that says what a name cannot. */
export const RECORD_FILE = "message.json";

/** Grows when an older program could no longer read what a newer one writes. */
const VERSION = 1;

const seconds = z.number().min(0);

const part = z.object({
  /** A plain name: a record that was edited, or came from elsewhere, cannot point out of its folder. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/),
  kind: z.enum(["voice", "comment"]),
  contentType: z.string(),
  duration: seconds.exactOptional(),
});

/** Defaults are for records that were written by hand. */
const record = z.object({
  voxpost: z.literal(VERSION),
  duration: seconds.default(0),
  caller: z.object({ number: z.string().exactOptional(), name: z.string().exactOptional() }).default({}),
  priority: z.boolean().default(false),
  private: z.boolean().default(false),
  category: z.string().exactOptional(),
  dialplanContext: z.string().exactOptional(),
  callId: z.string().exactOptional(),
  audio: z.array(part),
});

export type MessageRecord = Omit<z.output<typeof record>, "voxpost">;
export type PartRecord = z.output<typeof part>;

/** `notes` is for a reader on a shell only: who it is for, when it came. The folder's name rules. */
export function formatRecord(fields: MessageRecord, notes: Record<string, string> = {}): Buffer {
  return Buffer.from(`${JSON.stringify({ voxpost: VERSION, ...notes, ...fields }, null, 2)}\n`);
}

/** @throws VoxpostError MESSAGE_MALFORMED; the system's ENOENT when there is no record */
export async function readRecord(folder: string): Promise<MessageRecord> {
  const path = join(folder, RECORD_FILE);
  const text = await readFile(path, "utf8");
  try {
    const { voxpost: _, ...fields } = record.parse(JSON.parse(text));
    return fields;
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : "it is not JSON";
    throw new VoxpostError("MESSAGE_MALFORMED", `${path} cannot be understood: ${why}`, {
      cause: error,
      context: { path },
    });
  }
}
