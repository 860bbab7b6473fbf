import type { Config } from "../config.ts";
import type { MailboxConfig } from "../mailbox-options.ts";
import { formatMailbox, type MailboxAddress } from "../model/mailbox.ts";
import { withHashedPins } from "./hashed.ts";
import { pinOf } from "./mailbox-line.ts";
import { Notes } from "./notes.ts";
import type { VoicemailConf } from "./read.ts";
import { spoolPin } from "./spool-pins.ts";

/**
 * What a configuration says of the mailboxes of a store, with PINs as hashes: of a voicemail.conf's what stands there, and of others
 * in an app_voicemail spool the PIN that lies beside their messages.
 */
export async function adoptedContexts(
  mailboxes: AsyncIterable<MailboxAddress>,
  spool?: string,
  conf?: Pick<VoicemailConf, "contexts">,
): Promise<Config["contexts"]> {
  const all: MailboxAddress[] = [];
  for await (const mailbox of mailboxes) all.push(mailbox);
  all.sort((a, b) => (formatMailbox(a) < formatMailbox(b) ? -1 : 1));
  const contexts = new Map(Object.entries(conf?.contexts ?? {}));
  for (const address of all) {
    const known = contexts.get(address.context) ?? { mailboxes: {} };
    if (Object.hasOwn(known.mailboxes, address.mailbox)) continue;
    const added = { [address.mailbox]: spool === undefined ? {} : pinInSpool(spool, address) };
    contexts.set(address.context, { ...known, mailboxes: { ...known.mailboxes, ...added } });
  }
  return withHashedPins(Object.fromEntries(contexts));
}

function pinInSpool(spool: string, address: MailboxAddress): MailboxConfig {
  const pin = spoolPin(spool, address, () => {});
  return pin === undefined ? {} : pinOf(pin, formatMailbox(address), new Notes());
}
