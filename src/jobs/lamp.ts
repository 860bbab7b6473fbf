import type { Counts } from "../model/folder.ts";
import type { MailboxAddress } from "../model/mailbox.ts";

/** Message waiting indication on every Asterisk; src/ivr implements it. */
export interface Lamp {
  /**
   * Resolves when every configured Asterisk has taken the counts, or, where it is away, will be told them when it is back.
   * @throws ASTERISK_UNREACHABLE when one did not answer; the same call may be repeated
   */
  publish(mailbox: MailboxAddress, counts: Counts, signal?: AbortSignal): Promise<void>;
}
