import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { readAsteriskFile } from "../asterisk-file.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import { errnoOf, isGone } from "../storage/disk.ts";

/** The PIN that app_voicemail keeps in its spool (`passwordlocation=spooldir`), as it stands there; undefined when there is none. */
export function spoolPin(
  spool: string,
  { mailbox, context }: MailboxAddress,
  onUnreadable: (why: string) => void,
): string | undefined {
  const path = join(spool, context, mailbox, "secret.conf");
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    if (!isGone(error) && errnoOf(error) !== "ENOTDIR")
      onUnreadable(
        "its PIN in the spool cannot be read by this user; the one of voicemail.conf may be an old one",
      );
    return undefined;
  }
  return readAsteriskFile(path).get("general")?.get("password");
}
