import { VoxpostError } from "../errors.ts";

/**
 * A subscriber's box, written `1001@default`. `context` is the voicemail context, the namespace of mailboxes;
 * the dialplan's contexts are called `dialplanContext` everywhere.
 */
export interface MailboxAddress {
  readonly mailbox: string;
  readonly context: string;
}

/** Names end up in folder names, headers, URIs and Redis keys, so only what is harmless in all of them is let in. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/;

export function isMailboxName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Reads `1001@default`, or `1001` with the given context.
 * @throws VoxpostError ADDRESS_INVALID
 */
export function parseMailbox(text: string, defaultContext = "default"): MailboxAddress {
  const at = text.indexOf("@");
  const mailbox = at < 0 ? text : text.slice(0, at);
  const context = at < 0 ? defaultContext : text.slice(at + 1);
  if (!NAME.test(mailbox) || !NAME.test(context)) {
    throw new VoxpostError(
      "ADDRESS_INVALID",
      `"${text}" is not a mailbox: write NUMBER or NUMBER@CONTEXT, with letters, digits and _ . + - only`,
    );
  }
  return { mailbox, context };
}

export function formatMailbox(address: MailboxAddress): string {
  return `${address.mailbox}@${address.context}`;
}

export function sameMailbox(a: MailboxAddress, b: MailboxAddress): boolean {
  return a.mailbox === b.mailbox && a.context === b.context;
}
