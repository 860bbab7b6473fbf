import { join } from "node:path";
import { readAsteriskFile } from "../asterisk-file.ts";
import type { MailboxAddress } from "../model/mailbox.ts";

/** The PIN that app_voicemail keeps in its spool (`passwordlocation=spooldir`), as it stands there, or undefined. */
export function spoolPin(spool: string, { mailbox, context }: MailboxAddress): string | undefined {
  return readAsteriskFile(join(spool, context, mailbox, "secret.conf"))
    .get("general")
    ?.get("password");
}
