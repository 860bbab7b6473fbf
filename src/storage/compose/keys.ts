import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { MessageId } from "../../model/message.ts";
import type { Entry, Ref } from "../engine.ts";
import { messageUnknown } from "../faults.ts";

/**
 * A composite's key tells in which of its engines the message is, the message's id, by which it is found wherever it has
 * got to meanwhile, and the key that it has in that engine: `1.0123…cdef.KEY`.
 */
export interface InnerRef {
  /** The engine's number. */
  readonly at: number;
  readonly id: string;
  /** As the inner engine knows it. */
  readonly ref: Ref;
}

export function outer(at: number, entry: Entry): Entry {
  return { ...entry, ref: outerRef({ at, id: entry.envelope.id, ref: entry.ref }) };
}

export function outerRef({ at, id, ref }: InnerRef): Ref {
  return { ...ref, key: `${at}.${toName(id)}.${ref.key}` };
}

/** @throws VoxpostError MESSAGE_UNKNOWN for a key that no composite of so many engines made */
export function inner(ref: Ref, engines: number): InnerRef {
  const [, number, id, key] = /^(\d{1,3})\.([^.]+)\.(.*)$/s.exec(ref.key) ?? [];
  const at = Number(number);
  if (id === undefined || key === undefined || at >= engines) throw messageUnknown(ref);
  return { at, id: fromName(id), ref: { ...ref, key } };
}

/** Ids of our own have nothing to escape; those of foreign mail may have dots. */
function toName(id: string): string {
  return encodeURIComponent(id).replaceAll(".", "%2E");
}

function fromName(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** One text for a message of a mailbox, for maps. */
export function messageKey(mailbox: MailboxAddress, id: MessageId): string {
  return `${formatMailbox(mailbox)}/${id}`;
}
