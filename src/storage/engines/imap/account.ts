import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { VoxpostError } from "../../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../../model/mailbox.ts";
import type { ImapOptions } from "./options.ts";

/** How to log in once. */
export interface Login {
  readonly user: string;
  readonly pass: string;
  /** SASL PLAIN's authorization identity: the user that is acted for (RFC 4616). */
  readonly authzid?: string;
  /** Sent by ID, for servers that trust us to tell them who asks. */
  readonly originatingIp?: string;
}

/** The IMAP user of a mailbox: connections are shared by those that have the same. */
export function userOf(
  { user, users = {} }: Pick<ImapOptions, "user" | "users">,
  address: MailboxAddress,
): string {
  const name = formatMailbox(address);
  const own = Object.hasOwn(users, name) ? users[name] : undefined;
  return own ?? user.replaceAll("{mailbox}", address.mailbox).replaceAll("{context}", address.context);
}

/**
 * Voxpost's own way into a mailbox.
 * @throws VoxpostError MAILBOX_UNKNOWN when `passwords` has none for it; CONFIG_INVALID when password_file cannot be read
 */
export async function ownLogin(
  options: ImapOptions,
  mailbox: MailboxAddress,
  path: (file: string) => string,
): Promise<Login> {
  const user = userOf(options, mailbox);
  const { proxy, passwords = {} } = options;
  if (proxy) {
    const pass = proxy.password ?? (await readSecret(path(proxy.password_file ?? "")));
    return { user: proxy.user, pass, authzid: user };
  }
  const name = formatMailbox(mailbox);
  const pass = Object.hasOwn(passwords, name) ? passwords[name] : undefined;
  if (pass === undefined) {
    throw new VoxpostError("MAILBOX_UNKNOWN", `storage.passwords has no entry for ${name}`);
  }
  return { user, pass };
}

/** The caller's own way in. */
export function callerLogin(options: ImapOptions, mailbox: MailboxAddress, pin: string): Login {
  return { user: userOf(options, mailbox), pass: pin, originatingIp: addressOf(mailbox) };
}

/**
 * A private IPv6 address for each mailbox. Dovecot slows down an address after wrong passwords, and all callers come from
 * ours; with this (and us in `login_trusted_networks`) nobody waits for the mistakes of others.
 */
function addressOf(mailbox: MailboxAddress): string {
  const hash = createHash("sha256").update(formatMailbox(mailbox)).digest("hex").slice(0, 30);
  return `fd${hash}`.replace(/(.{4})(?!$)/g, "$1:");
}

async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw VoxpostError.from(error, "CONFIG_INVALID", "storage.proxy.password_file cannot be read");
  }
}
