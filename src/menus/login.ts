import type { LoginEvent, LoginLimiter } from "../access/limiter.ts";
import { isCode } from "../errors.ts";
import type { Call, DialplanPlace } from "../ivr/call.ts";
import { isMailboxName, type MailboxAddress } from "../model/mailbox.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";
import type { Store } from "../storage/store.ts";
import { STORE_WAIT, within } from "./wait.ts";

export interface LoginDeps {
  readonly store: Store;
  readonly subscribers: Subscribers;
  readonly limiter: LoginLimiter;
  /** Told whose PIN is being entered: time to read ahead. It may be a wrong one. */
  onExpected?(owner: Subscriber): void;
  /** Told of every login, for counters. */
  onLogin?(event: LoginEvent): void;
}

/** Somebody at the telephone who says that they own a mailbox. */
export interface Login extends LoginDeps {
  readonly call: Call;
  /** Voicemail context in which mailbox numbers are looked for; undefined: the default one, or as the site says. */
  readonly context: string | undefined;
  /** Option `p`: goes before the number that is entered. */
  readonly prefix: string;
  /** Named in the dialplan: only the PIN is asked for. */
  readonly given: boolean;
  /** The mailbox is asked for without a word at first. */
  readonly silent: boolean;
  /** Extension `a`, if there is one. */
  readonly assistant: DialplanPlace | undefined;
  mailbox: MailboxAddress | undefined;
  /** Wrong ones so far. */
  failures: number;
  owner: Subscriber | undefined;
  /** The PIN is the mailbox's number, as the administrator has set it. */
  isNew?: boolean;
}

const MAX_LOGINS = 3;

/** The same for all mailboxes that callers name: a number of tries of its own would tell which ones exist. */
export function triesOf({ given, mailbox, subscribers }: Login): number {
  const owner = given && mailbox ? subscribers.find(mailbox) : undefined;
  return owner?.maxLogins ?? subscribers.maxLogins ?? MAX_LOGINS;
}

/** While a PIN is asked for and typed, what is wanted when it is right is got ready; for unknown mailboxes too. */
export function getReady({ mailbox, store, subscribers, call, onExpected }: Login): void {
  if (!mailbox) return;
  const owner = subscribers.find(mailbox);
  store.expect(owner?.address ?? mailbox, call.signal);
  if (owner) onExpected?.(owner);
}

/** An unknown or impossible mailbox is answered like a wrong PIN, after the same work. */
export async function isRight(login: Login, pin: string): Promise<Subscriber | undefined> {
  const { mailbox } = login;
  if (!mailbox || !isMailboxName(mailbox.mailbox)) return undefined;
  try {
    await within(
      STORE_WAIT,
      "Checking a PIN",
      (signal) => login.store.authenticate(login.subscribers.find(mailbox)?.address ?? mailbox, pin, signal),
      login.call.signal,
    );
  } catch (error) {
    if (isCode(error, "PIN_WRONG", "MAILBOX_UNKNOWN")) return undefined;
    throw error;
  }
  return login.subscribers.find(mailbox);
}
