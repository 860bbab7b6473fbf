import { ask } from "./network.ts";
import type { Server } from "./processes.ts";

/** A running IMAP server. Accounts are the mailbox numbers, their password is the PIN. */
export interface ImapLab extends Server {
  kind: "dovecot" | "cyrus";
  host: string;
  /** Plain text. */
  port: number;
  /**
   * TLS with a self-signed certificate, from the first byte or by STARTTLS; undefined where that is not offered.
   * The plain port of `host` offers no STARTTLS.
   */
  tls: { host: string; port: number; startTlsPort: number } | undefined;
  /** May act for every account, with the account as SASL PLAIN's authorization identity. */
  proxy: { user: string; password: string };
  /** A command as `pins.externpass` wants it: changes a mailbox's password. Undefined where owners cannot. */
  changePin: readonly string[] | undefined;
}

/** Whether an IMAP server greets on this port. */
export async function greets(port: number): Promise<boolean> {
  return (await ask(port, "")).startsWith("* OK");
}
