import { throughImap } from "../../bench/fill.ts";
import { RawImap } from "../../bench/raw-imap.ts";
import type { MailboxAddress } from "../../src/model/mailbox.ts";

/** A test server, or one of the lab. */
export interface Server {
  readonly port: number;
  readonly proxy: { readonly user: string; readonly password: string };
}

/** Many messages in seconds, as the engine writes them. */
export async function fillMailbox(
  server: Server,
  { mailbox, context }: MailboxAddress,
  messages: number,
  account = `${mailbox}-${context}`,
): Promise<void> {
  await throughImap(() => login(server, account))(mailbox, messages, () => {});
}

/** Mail that has nothing to do with calls, in the INBOX of an account. */
export async function addOrdinaryMail(server: Server, account: string, mails: number): Promise<void> {
  const imap = await login(server, account);
  const mail = Buffer.from("From: a@example.org\r\nSubject: lunch\r\n\r\nat noon\r\n");
  await imap.appendAll(Array.from({ length: mails }, () => ({ mail, date: new Date() })));
  imap.close();
}

async function login({ port, proxy }: Server, account: string): Promise<RawImap> {
  const imap = await RawImap.open(port);
  await imap.login(account, proxy.user, proxy.password);
  return imap;
}
