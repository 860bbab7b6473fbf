import { newId, type RecordingName } from "../custody/name.ts";
import type { Script } from "../ivr/phrase.ts";
import { formatMailbox, parseMailbox, sameMailbox } from "../model/mailbox.ts";
import type { Subscriber } from "../model/subscriber.ts";
import { locate } from "./addressed.ts";
import { readSnapshot, recordedName } from "./greeting.ts";
import type { Item } from "./listing.ts";
import type { Outcome } from "./menu.ts";
import type { Retrieval } from "./session.ts";

/** What an owner is about to send: to whom so far, and which message if one is forwarded. */
export interface Outgoing {
  readonly forwards: Item | undefined;
  recipients: readonly Subscriber[];
  /** So often nobody was found. */
  misses: number;
}

/** So often an owner may enter numbers that lead to nobody. */
const MOST_MISSES = 4;

/** The first question: to whom. */
export function askRecipients(session: Retrieval, forwards: Item | undefined): Outcome {
  session.outgoing = { forwards, recipients: [], misses: 0 };
  const menu = session.subscriber.useDirectory ? "send-to" : "recipients";
  return { next: "menu", menu, over: session.home };
}

/**
 * Takes mailbox numbers, of the owner's own context unless they name one. Each is answered by name, or by what is wrong with
 * it; the good ones stay, unlike in app_voicemail, where one bad number drops all.
 */
export async function addressTo(session: Retrieval, numbers: readonly string[]): Promise<Outcome> {
  const { outgoing, subscriber } = session;
  if (!outgoing) return { next: "up" };
  const say: Script[] = [];
  const found: Subscriber[] = [];
  for (const number of numbers) {
    const { owner, words } = await judge(
      session,
      formatMailbox(parseMailbox(number, subscriber.address.context)),
    );
    if (owner) found.push(owner);
    say.push(owner || numbers.length === 1 ? words : [{ digits: number }, ...words]);
  }
  outgoing.recipients = distinct(found);
  if (found.length > 0) return onwards(session, outgoing, say.flat());
  outgoing.misses++;
  return { next: outgoing.misses < MOST_MISSES ? "repeat" : "up", say: say.flat() };
}

/** What the name of a recording says that belongs to a message which is forwarded (docs/custody.md). */
export function forwardingName(
  { call, subscriber }: Retrieval,
  is: "comment" | "forward",
  recipients: Outgoing["recipients"],
  { entry: { envelope } }: Item,
): Omit<RecordingName, "state" | "part"> {
  return {
    recipients: recipients.map((recipient) => recipient.address),
    kind: { is, mailbox: subscriber.address, message: envelope.id },
    id: newId(),
    channel: call.id,
    startedAt: new Date(),
    caller: call.caller,
    urgent: envelope.urgent && subscriber.forwardUrgent,
    priority: false,
    take: 0,
  };
}

async function judge(session: Retrieval, name: string): Promise<{ owner?: Subscriber; words: Script }> {
  const { subscribers, snapshots } = session.deps;
  const owner = locate(name, subscribers);
  const isOwn = owner !== undefined && sameMailbox(owner.address, session.subscriber.address);
  // A mailbox that only greets takes no messages.
  if (!owner || owner.maxMessages === 0 || (isOwn && session.outgoing?.forwards)) {
    return { words: ["pbx-invalid"] };
  }
  if ((await readSnapshot(owner, snapshots)).full) return { words: ["vm-mailboxfull"] };
  return { owner, words: [(await recordedName(owner, snapshots)) ?? { digits: owner.address.mailbox }] };
}

async function onwards(
  session: Retrieval,
  { forwards, recipients }: Outgoing,
  say: Script,
): Promise<Outcome> {
  if (forwards) return { next: "menu", menu: "forward-options", over: session.home, say };
  await session.call.play(say, { bargeIn: ["#"] });
  const { to } = await session.deps.leave(session.call, recipients);
  return to ? { next: "exit", to, say: [] } : { next: "menu", menu: session.home };
}

function distinct(all: readonly Subscriber[]): Subscriber[] {
  return [...new Map(all.map((one) => [formatMailbox(one.address), one])).values()];
}
