import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Envelope, NewMessage } from "../../../model/message.ts";
import type { Entry, Ref } from "../../engine.ts";
import type { MessageRow, NewMessageRow } from "./schema.ts";
import { fromStored, toStored } from "./text.ts";

/** Between the model's messages and the table's rows. */

export const ENVELOPE = [
  "folder",
  "arrival",
  "message_id",
  "received_at",
  "duration",
  "caller_number",
  "caller_name",
  "heard",
  "urgent",
  "priority",
  "private",
  "category",
  "dialplan_context",
  "call_id",
] as const satisfies ReadonlyArray<keyof MessageRow>;

export type EnvelopeRow = Pick<MessageRow, (typeof ENVELOPE)[number]>;

export function toEntry(mailbox: MailboxAddress, row: EnvelopeRow): Entry {
  const { folder } = row;
  const caller = { ...some("number", row.caller_number), ...some("name", row.caller_name) };
  const envelope: Envelope = {
    id: row.message_id,
    mailbox,
    folder,
    caller,
    receivedAt: new Date(row.received_at),
    duration: row.duration,
    heard: row.heard === 1,
    urgent: row.urgent === 1,
    priority: row.priority === 1,
    private: row.private === 1,
    ...some("category", row.category),
    ...some("dialplanContext", row.dialplan_context),
    ...some("callId", row.call_id),
  };
  return { ref: { mailbox, folder, key: String(row.arrival) }, envelope };
}

/** All that a message says of itself; where it lies and what it weighs is known to whoever stores it. */
export function toRow(
  message: NewMessage,
): Omit<NewMessageRow, "mailbox" | "folder" | "arrival" | "bytes" | "view"> {
  return {
    message_id: message.id,
    received_at: message.receivedAt.getTime(),
    duration: Math.round(message.duration),
    caller_number: stored(message.caller.number),
    caller_name: stored(message.caller.name),
    heard: Number(message.heard),
    urgent: Number(message.urgent),
    priority: Number(message.priority),
    private: Number(message.private),
    category: stored(message.category),
    dialplan_context: stored(message.dialplanContext),
    call_id: stored(message.callId),
    text: stored(message.text),
  };
}

/** -1, which no message has, for what no engine made. */
export function arrivalOf({ key }: Pick<Ref, "key">): number {
  return /^[1-9]\d{0,14}$/.test(key) ? Number(key) : -1;
}

function some<Name extends string>(name: Name, text: string | null): { [key in Name]?: string } {
  return text === null ? {} : ({ [name]: fromStored(text) } as { [key in Name]: string });
}

function stored(text: string | undefined): string | null {
  return text === undefined ? null : toStored(text);
}
