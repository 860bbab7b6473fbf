import type { Folder } from "../../src/model/folder.ts";
import type { GreetingKind } from "../../src/model/greeting.ts";
import type { Faults } from "../asterisk/faults.ts";

/** Where a scenario takes place: an Asterisk, the program under test, telephones and mailboxes. */
export interface World {
  /** Somebody from outside; `5550100` when not said otherwise. Each has a voice of their own. */
  caller(options?: { number?: string; name?: string }): Promise<Telephone>;
  /** The telephone of a mailbox's owner, with its lamp. */
  owner(box: string): Promise<Telephone>;
  mailbox(box: string): MailboxView;
  /** Mailboxes that nobody else uses, by what is configured for them. */
  box(kind?: BoxKind): string;
  /** An extension that leads to both of these mailboxes at once. */
  readonly pair: { readonly extension: string; readonly boxes: readonly [string, string] };
  readonly pin: string;
  /** The program under test. */
  readonly program: Process;
  readonly redis: Process;
  /** The mail server; only where there is one. */
  readonly imap: Process;
  /** Faults of the simulated Asterisk; the real one has none on request. */
  readonly faults: Faults;
  /** Cuts the program's connection to the events of the simulated Asterisk. */
  dropSocket(): Promise<void>;
}

/**
 * `plain`: all defaults, and no extension to leave to. `exits`: operator=yes, and the extensions `o` and `a` exist. `saycid`: says
 * who called. `spanish`: its owner is spoken to in Spanish. `review`: callers may review their message, and reach the operator.
 * `open`: its owner may send messages and make calls. `small`: is full with one message. `named`: stands in the directory, and is
 * the only one. `folders`: has a folder with a name of the site's.
 */
export const BOXES = {
  plain: {},
  exits: { operator: true, exitcontext: "exits" },
  saycid: { saycid: true },
  review: { review: true, operator: true, exitcontext: "exits" },
  spanish: { language: "es" },
  open: {
    sendvoicemail: true,
    usedirectory: true,
    callback: "exits",
    callback_allow: ["_555XXXX"],
    dialout: "exits",
    dialout_allow: ["_555XXXX"],
  },
  small: { maxmsg: 1 },
  named: { name: "Zora Quill" },
  folders: { folders: { Cust1: "auth-thankyou" }, nextaftercmd: true },
} as const;
export type BoxKind = keyof typeof BOXES;

/** What a site can call in its dialplan; `ENTRY*MAILBOX*OPTIONS` is an extension that does, and goes on at `after/s`. */
export const ENTRIES = ["deposit", "retrieve", "authenticate", "play", "sayname", "directory"] as const;

export interface Process {
  /** With SIGKILL. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface Telephone {
  readonly number: string;
  /** The frequency of the tone that its owner speaks in, hertz. */
  readonly voice: number;
  /** An extension of the site, as `ENTRIES` says, or a mailbox, for which a message is left. */
  dials(extension: string): Promise<void>;
  /**
   * Hears exactly these sounds next, in this order: stock sounds by name (`vm-intro`, `digits/1`), Voxpost's own as `voxpost/NAME`,
   * `(pause)`, `(recording)`, and `(audio)` for messages and greetings. Returns as soon as the last one begins.
   */
  hears(...sounds: readonly string[]): Promise<void>;
  /** Waits until what is said to it ends, and nothing more is said. */
  hearsItOut(): Promise<void>;
  presses(keys: string): Promise<void>;
  /** Speaks to the end. */
  speaks(seconds: number): Promise<void>;
  isSilent(seconds: number): Promise<void>;
  /** Waits until Asterisk records what it says. */
  isRecorded(): Promise<void>;
  /** Waits until it has been at this place of the dialplan, as `context/extension`. */
  reaches(place: string): Promise<void>;
  /** A channel variable of the call as it was set last; empty when it was not. */
  variable(name: string): string;
  hangsUp(): Promise<void>;
  /** Waits until the other side has hung up. */
  isHungUpOn(): Promise<void>;
  /** Waits until its lamp shows these counts. */
  lampShows(counts: { new: number; old: number }): Promise<void>;
}

export interface MailboxView {
  /** Waits until the folder has this many. */
  has(counts: { urgent?: number; new?: number; old?: number }, folder?: Folder): Promise<void>;
  /** Waits until the store has a greeting of this kind. */
  greets(kind: GreetingKind): Promise<void>;
  /** Fails when a message arrives within some seconds. */
  staysEmpty(): Promise<void>;
  messages(folder?: Folder): Promise<readonly HeardMessage[]>;
}

export interface HeardMessage {
  readonly id: string;
  readonly caller: { readonly number?: string; readonly name?: string };
  readonly receivedAt: Date;
  readonly duration: number;
  readonly heard: boolean;
  /** The frequency of its audio, hertz. */
  readonly voice: number;
  /** That of what somebody said before it who forwarded it. */
  readonly comment?: number;
}

/** What a media URI is called in a scenario. */
export function soundName(media: string): string {
  if (media.startsWith("recording:")) return "(recording)";
  const sound = media.replace(/^sound:/, "");
  if (!/^https?:/.test(sound)) return sound;
  const path = new URL(sound).pathname;
  if (/\/silence\/\d+\.wav$/.test(path)) return "(pause)";
  const ours = /\/sounds\/[^/]+\/([^/]+)\.wav$/.exec(path)?.[1];
  return ours ? `voxpost/${ours}` : "(audio)";
}

/** `1001` spoken digit by digit. */
export function digits(number: string): string[] {
  return [...number].map((digit) => `digits/${digit}`);
}
