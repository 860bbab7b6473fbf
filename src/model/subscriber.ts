import type { Folder } from "./folder.ts";
import type { MailboxAddress } from "./mailbox.ts";
import type { Notices } from "./notices.ts";

/**
 * What the administrator's configuration says of one mailbox, with all defaults filled in. Lengths in seconds.
 * The names are app_voicemail's where it has the option (docs/config.md lists them all).
 */
export interface Subscriber {
  readonly address: MailboxAddress;
  readonly fullName?: string;
  /** Mails about messages; undefined: none. */
  readonly notices?: Notices;
  /** Language of the prompts, as Asterisk names it (`en`, `fr`, `en_GB`). Undefined: the channel's. */
  readonly language?: string;
  /** IANA time zone in which times are spoken. */
  readonly timezone: string;
  /** How a message's date is said, with the words around it (ivr/date-format.ts). Undefined: as the language has it. */
  readonly dateFormat?: string;
  /** Longest message; 0 is unlimited. */
  readonly maxSeconds: number;
  /** Shorter than this is not kept. */
  readonly minSeconds: number;
  /** This long a silence ends a recording; 0 is never. */
  readonly maxSilence: number;
  /** Longest greeting; 0 is unlimited. */
  readonly maxGreeting: number;
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
  /** Shortest new PIN. */
  readonly minPin: number;
  /** The owner may not change the PIN by telephone. */
  readonly pinLocked: boolean;
  /** Whose PIN is still the mailbox's number must record a name first. */
  readonly forceName: boolean;
  /** ... and greetings. */
  readonly forceGreetings: boolean;
  /** Says after login that a temporary greeting is in force. */
  readonly warnsOfTemporary: boolean;
  /** Hearing a message makes it old. */
  readonly moveHeard: boolean;
  /** Dialplan contexts of the site's own: who leaves a message from there is said by name, or as an extension. */
  readonly internalContexts: readonly string[];
  /** Sounds of folders that the site has named. */
  readonly folderSounds: Readonly<Partial<Record<Folder, string>>>;
  readonly playbackKeys: PlaybackKeys;
  /** Where the owner may call somebody back; undefined: nowhere. */
  readonly callback?: Outbound;
  readonly dialout?: Outbound;
  /** The owner may leave messages for others. */
  readonly sendVoicemail: boolean;
  /** Recipients can be looked up by name. */
  readonly useDirectory: boolean;
  /** A forwarded message stays urgent. */
  readonly forwardUrgent: boolean;
  /** Deleted messages can be got back for this long, days; then they are purged. 0: never purged. */
  readonly trashDays: number;
  readonly hiddenFromDirectory: boolean;
  /** Whose menus its callers and its owner hear, besides the site's changes. */
  readonly menuClass?: string;
  /** Another name in the directory. */
  readonly alias?: string;
}

/** Where an owner may make calls to from the mailbox. */
export interface Outbound {
  readonly dialplanContext: string;
  /** See dial-pattern.ts; a number must match one of them. */
  readonly allow: readonly string[];
}

/** Keys while a message is heard, and what they do to it. */
type PlaybackKeys = Readonly<Record<string, "forward" | "rewind" | "pause" | "restart">>;

/** Where the program learns which mailboxes exist. */
export interface Subscribers {
  /** Undefined when there is no such mailbox. The answer to an alias is the mailbox that it stands for. */
  find(address: MailboxAddress): Subscriber | undefined;
  /** Every mailbox that is known by name; the sweep and `voxpost mailbox list` walk it. */
  all(): Iterable<Subscriber>;
  /** The sound that welcomes callers of a voicemail context's directory; undefined: the stock one. */
  directoryIntro?(context: string): string | undefined;
  /** Tries to log in of whoever says only by telephone whose mailbox it is. Default 3. */
  readonly maxLogins?: number;
  /** A number without a context may be in any. Default false. */
  readonly searchesContexts?: boolean;
}
