import type { MailboxAddress } from "./mailbox.ts";

/**
 * What the administrator's configuration says of one mailbox, with all defaults filled in. Lengths in seconds.
 * The names are app_voicemail's where it has the option (docs/config.md lists them all).
 */
export interface Subscriber {
  readonly address: MailboxAddress;
  readonly fullName?: string;
  readonly email?: string;
  /** Language of the prompts, as Asterisk names it (`en`, `fr`, `en_GB`). Undefined: the channel's. */
  readonly language?: string;
  /** IANA time zone in which times are spoken. */
  readonly timezone: string;
  /** Longest message; 0 is unlimited. */
  readonly maxSeconds: number;
  /** Shorter than this is not kept. */
  readonly minSeconds: number;
  /** This long a silence ends a recording; 0 is never. */
  readonly maxSilence: number;
  /** Most messages in a folder; 0 makes a mailbox that only greets. */
  readonly maxMessages: number;
  /** Caller may listen to, re-record and mark the message. */
  readonly review: boolean;
  /** ... and so mark it as urgent. */
  readonly leaveUrgent: boolean;
  /** `0` leads to extension `o`. */
  readonly operator: boolean;
  /** Dialplan context of `o` and `a`; undefined: the context that the call came from. */
  readonly exitContext?: string;
  readonly sayEnvelope: boolean;
  readonly sayCaller: boolean;
  readonly sayDuration: boolean;
  /** Duration is announced from this many minutes on. */
  readonly sayDurationMinutes: number;
  /** After delete and save, go on with the next message. */
  readonly nextAfterCommand: boolean;
  /** Next and previous wrap round. */
  readonly messageWrap: boolean;
  /** Step of forward and rewind, milliseconds. */
  readonly skipMs: number;
  /** Tries to log in per call. */
  readonly maxLogins: number;
}

/** Where the program learns which mailboxes exist. */
export interface Subscribers {
  /** Undefined when there is no such mailbox. */
  find(address: MailboxAddress): Subscriber | undefined;
  /** Every mailbox that is known by name; the sweep and `voxpost mailbox list` walk it. */
  all(): Iterable<Subscriber>;
}
