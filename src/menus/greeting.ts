import type { Phrase, Script } from "../ivr/phrase.ts";
import type { GreetingKind } from "../model/greeting.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { Snapshot, Snapshots } from "../storage/snapshot.ts";
import type { DEPOSIT_OPTIONS, Options } from "./options.ts";
import { within } from "./wait.ts";

export type DepositOptions = Options<typeof DEPOSIT_OPTIONS>;

/** A disk that takes longer than this has a fault, and the caller shall not wait for it. Milliseconds. */
const DISK_WAIT = 1000;

export interface Greeting {
  readonly script: Script;
  /** In the owner's own voice: option `S` leaves out the instructions then. */
  readonly recorded: boolean;
}

/** What is known on this machine's disk; a fault there costs no message, only the owner's greeting. */
export async function readSnapshot(owner: Subscriber, snapshots: Pick<Snapshots, "get">): Promise<Snapshot> {
  try {
    return await within(DISK_WAIT, "Reading the snapshot", () => snapshots.get(owner.address));
  } catch {
    return { greetings: {}, full: false };
  }
}

/** The owner's name in their own voice, if it is recorded. */
export async function recordedName(
  owner: Subscriber,
  snapshots: Pick<Snapshots, "get">,
): Promise<Phrase | undefined> {
  const { name } = (await readSnapshot(owner, snapshots)).greetings;
  return name && { file: name.path, contentType: name.contentType };
}

/** The greeting that applies, in app_voicemail's order: temporary, busy, unavailable, recorded name, number. */
export function chooseGreeting(
  owner: Subscriber,
  options: DepositOptions,
  { greetings }: Snapshot,
): Greeting {
  const own = (kind: GreetingKind) => {
    const audio = greetings[kind];
    return audio && { file: audio.path, contentType: audio.contentType };
  };
  const state = options.has("b") ? "busy" : options.has("u") ? "unavailable" : undefined;
  const greeting = own("temporary") ?? (state && own(state));
  if (greeting) return { script: [greeting], recorded: true };
  if (!state) return { script: [], recorded: false };
  const why = state === "busy" ? "vm-isonphone" : "vm-isunavail";
  const name = own("name");
  const script = name ? [name, why] : ["vm-theperson", { digits: owner.address.mailbox }, why];
  return { script, recorded: false };
}
