import { FOLDERS } from "../../../model/folder.ts";
import type { MailboxAddress } from "../../../model/mailbox.ts";
import type { Engine, Entry } from "../../engine.ts";
import { walk } from "../union.ts";

export interface ArchiveRules {
  /** Milliseconds. */
  readonly after?: number | undefined;
  readonly overMessages?: number | undefined;
  readonly overBytes?: number | undefined;
}

/** What lies in the trash is purged, not archived. */
const ARCHIVED = FOLDERS.filter((folder) => folder !== "Trash");

/**
 * The messages of a mailbox that are to be moved, oldest first in each folder. Whoever takes them moves them at once:
 * whether a mailbox is still too large is asked again before each.
 */
export async function* oldMessages(
  live: Engine,
  mailbox: MailboxAddress,
  { after, overMessages, overBytes }: ArchiveRules,
  now: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry> {
  for (const folder of ARCHIVED) {
    const { urgent, new: unheard, old } = await live.count(mailbox, folder, signal);
    let tooMany = overMessages === undefined ? 0 : urgent + unheard + old - overMessages;
    for await (const entry of walk(live, mailbox, folder, signal)) {
      const isOld = after !== undefined && now - entry.envelope.receivedAt.getTime() > after;
      if (!isOld && tooMany <= 0 && !(await isTooLarge(live, mailbox, overBytes, signal))) break;
      tooMany--;
      yield entry;
    }
  }
}

async function isTooLarge(
  live: Engine,
  mailbox: MailboxAddress,
  overBytes: number | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (overBytes === undefined) return false;
  const quota = await live.quota?.(mailbox, signal);
  return quota !== undefined && quota.usedBytes > overBytes;
}
