import type { ColumnType, Generated, GeneratedAlways, Insertable, Selectable } from "kysely";
import type { Folder, View } from "../../../model/folder.ts";
import type { GreetingKind } from "../../../model/greeting.ts";
import type { PartKind } from "../../../model/message.ts";

/**
 * The tables, the same in SQLite and PostgreSQL; docs/engines/sql.md shows them to administrators. Times are
 * milliseconds since 1970, flags 0 or 1, and what callers said of themselves is written as `text.ts` says.
 */
export interface Schema {
  mailboxes: MailboxTable;
  messages: MessageTable;
  parts: PartTable;
  chunks: ChunkTable;
  greetings: GreetingTable;
}

interface MailboxTable {
  id: Generated<number>;
  context: string;
  mailbox: string;
  /** Grows with every change in the mailbox: watchers compare it, and arrivals are taken from it. */
  version: number;
  /** Audio of all its messages. */
  bytes: number;
}

interface MessageTable {
  id: Generated<number>;
  /** `mailboxes.id` */
  mailbox: number;
  folder: Folder;
  /** The mailbox's version at which the message came into this folder: unique in the mailbox, and the key of a `Ref`. */
  arrival: number;
  /** 32 hexadecimal digits. */
  message_id: string;
  received_at: number;
  /** Seconds. */
  duration: number;
  caller_number: string | null;
  caller_name: string | null;
  heard: Flag;
  urgent: Flag;
  priority: Flag;
  private: Flag;
  category: string | null;
  dialplan_context: string | null;
  call_id: string | null;
  /** A transcript or notice. */
  text: string | null;
  bytes: number;
  /** Made of the flags by the database: one index serves every view. */
  view: GeneratedAlways<Exclude<View, "all">>;
}

/** One audio file, or a message's extras. It belongs to a message, to a greeting, or is still on its way in. */
interface PartTable {
  id: Generated<number>;
  /** `messages.id` */
  message: number | null;
  position: number;
  kind: PartKind | typeof EXTRAS;
  content_type: string;
  /** Seconds. */
  duration: number | null;
  bytes: number;
  /** Set while the part is on its way in; what a killed program left is swept by it. */
  staged_at: number | null;
}

/** The kind of a part that is not heard: what a mail has beyond our model. */
export const EXTRAS = "extras";

/** A piece of a part: reading and writing hold no more than one in memory. */
interface ChunkTable {
  /** `parts.id` */
  part: number;
  number: number;
  bytes: Buffer;
}

interface GreetingTable {
  /** `mailboxes.id` */
  mailbox: number;
  kind: GreetingKind;
  /** `parts.id` */
  part: number;
}

type Flag = ColumnType<number, number, number>;

export type MessageRow = Selectable<MessageTable>;
export type NewMessageRow = Insertable<MessageTable>;
