import type { LocalAudio } from "../ivr/call.ts";
import type { Script } from "../ivr/phrase.ts";
import type { GreetingKind } from "../model/greeting.ts";
import type { MailboxAddress } from "../model/mailbox.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { DEPOSIT_OPTIONS, Options } from "./options.ts";
import { within } from "./wait.ts";

/**
 * What a call may ask before the beep: this machine's disk only (src/storage/snapshot.ts), never the store, so that a
 * caller notices nothing while the store is away.
 */
export interface BeforeBeep {
  /** Undefined when the owner has no such greeting, or none has been copied to this machine yet. */
  greeting(mailbox: MailboxAddress, kind: GreetingKind): Promise<LocalAudio | undefined>;
  /** Whether the inbox holds this many messages, or its quota is used up, as far as is known; unknown is not full. */
  isFull(mailbox: MailboxAddress, maxMessages: number): Promise<boolean>;
}

export type DepositOptions = Options<typeof DEPOSIT_OPTIONS>;

/** A disk that takes longer than this has a fault, and the caller shall not wait for it. Milliseconds. */
const DISK_WAIT = 1000;

export interface Greeting {
  readonly script: Script;
  /** In the owner's own voice: option `S` leaves out the instructions then. */
  readonly recorded: boolean;
}

/** The greeting that applies, in app_voicemail's order: temporary, busy, unavailable, recorded name, number. */
export async function chooseGreeting(
  owner: Subscriber,
  options: DepositOptions,
  disk: BeforeBeep,
): Promise<Greeting> {
  const own = async (kind: GreetingKind) => {
    const audio = await orElse(undefined, () => disk.greeting(owner.address, kind));
    return audio && { file: audio.path, contentType: audio.contentType };
  };
  const state = options.has("b") ? "busy" : options.has("u") ? "unavailable" : undefined;
  const greeting = (await own("temporary")) ?? (state && (await own(state)));
  if (greeting) return { script: [greeting], recorded: true };
  if (!state) return { script: [], recorded: false };
  const why = state === "busy" ? "vm-isonphone" : "vm-isunavail";
  const name = await own("name");
  const script = name ? [name, why] : ["vm-theperson", { digits: owner.address.mailbox }, why];
  return { script, recorded: false };
}

export function isFull(owner: Subscriber, disk: BeforeBeep): Promise<boolean> {
  return orElse(false, () => disk.isFull(owner.address, owner.maxMessages));
}

/** A fault of the snapshot must not cost a message: then the stock greeting is played and the mailbox is not full. */
async function orElse<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await within(DISK_WAIT, "Reading the snapshot", read);
  } catch {
    return otherwise;
  }
}
