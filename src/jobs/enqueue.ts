import type { GreetingKind } from "../model/greeting.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { MessageId } from "../model/message.ts";

/**
 * What calls may ask of the queue. Nothing here throws or takes longer than a second, because nothing depends on it:
 * a recording is safe on Asterisk's disk, and the sweep enqueues whatever was missed while Redis was away.
 */
export interface Enqueue {
  deposit(job: DepositRequest): Promise<void>;
  /** False when the queue did not take it: nothing else knows of it, so the owner must be told. */
  forward(job: ForwardRequest): Promise<boolean>;
  /** Bring the newest greeting of a kind that lies on an Asterisk's disk to the store. */
  greeting(job: GreetingRequest): Promise<void>;
  /** Recount a mailbox and light or clear its lamp. Requests that come while one runs are folded into one more run. */
  mwi(mailbox: MailboxAddress): Promise<void>;
}

/** The recordings' names tell the rest (custody/name.ts); no audio travels through Redis. */
export interface DepositRequest {
  /** Configured name of the Asterisk on whose disk the recordings are. */
  readonly asterisk: string;
  /** The parts of the take that counts, in order. */
  readonly parts: readonly string[];
  /** Said by the call itself: nobody can have tried to deliver it before. The sweep cannot know. */
  readonly untried?: boolean | undefined;
}

/** A message that is sent on without a comment. One with a comment is a `deposit` of the comment's recording. */
export interface ForwardRequest {
  /** Made when it is asked for; the ids of the copies are made of it (custody/name.ts). */
  readonly id: MessageId;
  readonly from: MailboxAddress;
  readonly message: MessageId;
  readonly to: readonly MailboxAddress[];
  readonly urgent: boolean;
  /** When it was asked for, milliseconds since 1970. Older programs do not tell. */
  readonly at?: number | undefined;
}

/** The recording is found by what it is, so that of several that wait the newest wins. */
export interface GreetingRequest {
  readonly asterisk: string;
  readonly mailbox: MailboxAddress;
  readonly greeting: GreetingKind;
}
