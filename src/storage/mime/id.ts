import { createHash } from "node:crypto";
import type { MessageId } from "../../model/message.ts";

/** Ids of other systems' mails begin so; ours are random, and do not. */
const FOREIGN = "00000000";

/** Our own id, or one made of the other system's Message-ID: always the same for the same mail. Names in lower case. */
export function readId(headers: ReadonlyMap<string, string>, block: Buffer): MessageId {
  const messageId = headers.get("message-id") ?? "";
  if (headers.has("x-voxpost-version")) {
    const kept = /^[0-9a-f]{32}$/.exec(headers.get("x-voxpost-id") ?? "")?.[0];
    const own = kept ?? /^<([\w.-]{1,64})@/.exec(messageId)?.[1];
    if (own) return own;
  }
  return `${FOREIGN}${createHash("sha256")
    .update(messageId || block)
    .digest("hex")
    .slice(0, 32 - FOREIGN.length)}`;
}

/** Whether a message with this id may have come from another system: it cannot be searched for by its id then. */
export function mayBeForeign(id: MessageId): boolean {
  return id.startsWith(FOREIGN);
}
