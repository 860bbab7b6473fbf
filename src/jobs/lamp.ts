import type { Counts } from "../model/folder.ts";
import type { MailboxAddress } from "../model/mailbox.ts";

/** Message waiting indication on every Asterisk; src/ivr implements it. */
export interface Lamp {
  /**
   * Resolves when every configured Asterisk has taken the counts.
   * @throws ASTERISK_UNREACHABLE when one has not; the same call may be repeated
   */
  publish(mailbox: MailboxAddress, counts: Counts, signal?: AbortSignal): Promise<void>;
}
