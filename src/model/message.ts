import type { Readable } from "node:stream";
import type { Folder } from "./folder.ts";
import type { MailboxAddress } from "./mailbox.ts";

/** 32 hexadecimal digits, ours and global: the same in every engine, in `Message-ID`, in logs and in job ids. */
export type MessageId = string;

/** Who rang. Both are the caller's own words: never put into a header, path, URI or prompt without encoding. */
export interface Caller {
  /** As Asterisk gave it; undefined when withheld. */
  readonly number?: string;
  readonly name?: string;
}

/** What a message's state can change to; everything else about a message never changes. */
export interface Flags {
  /** Played to its end, or far enough that the owner moved on. */
  readonly heard: boolean;
  readonly urgent: boolean;
}

/** The headers-only view of a message: all that a listing, an announcement or a lamp needs. */
export interface Envelope extends Flags {
  readonly id: MessageId;
  readonly mailbox: MailboxAddress;
  readonly folder: Folder;
  readonly caller: Caller;
  /** When the caller rang, not when the message was stored. */
  readonly receivedAt: Date;
  /** Whole seconds. */
  readonly duration: number;
  /** app_voicemail's option P: marked, but not moved ahead. */
  readonly priority: boolean;
  /** RFC 3801 Sensitivity: may not be forwarded. */
  readonly private: boolean;
  /** VM_CATEGORY: the name of a sound that is played before the message. */
  readonly category?: string;
  /** Where in the dialplan it was left: tells colleagues from strangers (`cidinternalcontexts`). */
  readonly dialplanContext?: string;
  /** The UNIQUEID of the call that left it: one id through logs, jobs and headers. */
  readonly callId?: string;
}

/** `voice` is what the caller said; `comment` is what somebody who forwarded it said before it. */
export type PartKind = "voice" | "comment";

export interface AudioInfo {
  readonly kind: PartKind;
  /** A media type such as `audio/wav`. */
  readonly contentType: string;
  /** Whole seconds, when known. */
  readonly duration?: number;
}

/** Bytes that are on their way to a store. `open` may be called more than once: a retry reads them again. */
export interface ByteSource {
  open(signal?: AbortSignal): Promise<Readable>;
}

export interface AudioSource extends AudioInfo, ByteSource {}

/** Audio that came out of a store. The stream must be read or destroyed. */
export interface AudioPart extends AudioInfo {
  readonly stream: Readable;
  /** Bytes of the stream, when the store knows before they are read. */
  readonly size?: number;
}

/** A message on its way into a mailbox: an envelope that has no place yet, and its audio. */
export interface NewMessage extends Omit<Envelope, "folder"> {
  readonly audio: readonly AudioSource[];
  /** A transcript or notice for people who read their voicemail as mail. */
  readonly text?: string;
  /**
   * What the mail that it once was has beyond this model: headers and parts that mean nothing to us, and the owner's own
   * keywords. Kept byte for byte by every store; only mail engines look into it (storage/mime/extras.ts).
   */
  readonly extras?: ByteSource;
}
