import type { Phrase, Script } from "../ivr/phrase.ts";
import type { Counts } from "../model/folder.ts";
import type { Caller, Envelope } from "../model/message.ts";
import type { Subscriber } from "../model/subscriber.ts";
import { locate } from "./addressed.ts";
import { recordedName } from "./greeting.ts";
import type { Item } from "./listing.ts";
import { nameOf, type Place } from "./place.ts";
import type { Retrieval } from "./session.ts";

export function total(counts: Counts): number {
  return counts.urgent + counts.new + counts.old;
}

export function emptyFolder(session: Retrieval, place: Place): Script {
  return ["vm-youhave", "vm-no", ...nameOf(place, session.subscriber)];
}

/** What is said before a message. */
export async function preamble(session: Retrieval, item: Item): Promise<Script> {
  const { envelope } = item.entry;
  const { subscriber } = session;
  const minutes = Math.floor(envelope.duration / 60);
  return [
    ...position(session.index, session.listing.total, envelope.urgent),
    ...(envelope.category ? [{ sound: envelope.category }] : []),
    ...(subscriber.sayEnvelope ? received(item, subscriber) : []),
    ...(subscriber.sayCaller ? await callerWords(session, envelope) : []),
    ...(subscriber.sayDuration && minutes > 0 && minutes >= subscriber.sayDurationMinutes
      ? ["vm-duration", { minutes }]
      : []),
  ];
}

function position(index: number, total: number, urgent: boolean): Script {
  const mark = urgent ? ["vm-Urgent"] : [];
  if (index === 0) return ["vm-first", ...mark, "vm-message"];
  if (index === total - 1) return ["vm-last", ...mark, "vm-message"];
  return [...mark, "vm-message", { number: index + 1 }];
}

/** A site's own format says "received" itself, if it wants it said. */
export function received(item: Item, { timezone, dateFormat: format }: Subscriber): Script {
  const date = item.entry.envelope.receivedAt;
  return format === undefined ? ["vm-received", { date, timezone }] : [{ date, timezone, format }];
}

/** A number is the caller's own words: only what can be dialled is spoken. */
export function from(caller: Caller): Script {
  const digits = digitsOf(caller);
  return digits ? ["vm-from-phonenumber", { digits }] : ["vm-unknown-caller"];
}

/** Who called from one of the site's own dialplan contexts is said by recorded name, or as an extension. */
async function callerWords(session: Retrieval, envelope: Envelope): Promise<Script> {
  const digits = digitsOf(envelope.caller);
  if (!digits || !isInternal(session, envelope)) return from(envelope.caller);
  const name = await colleagueName(session, envelope);
  return name ? ["vm-from", name] : ["vm-from-extension", { digits }];
}

/** The recorded name of a caller who has a mailbox here, if the message came from within the site. */
export async function colleagueName(session: Retrieval, envelope: Envelope): Promise<Phrase | undefined> {
  const { subscriber, deps } = session;
  const digits = digitsOf(envelope.caller);
  if (!digits || !isInternal(session, envelope)) return undefined;
  // A site often has one name for both; otherwise a colleague is in the reader's own voicemail context.
  for (const context of [envelope.dialplanContext, subscriber.address.context]) {
    const colleague = locate(`${digits}@${context}`, deps.subscribers);
    const name = colleague && (await recordedName(colleague, deps.snapshots));
    if (name) return name;
  }
  return undefined;
}

function isInternal({ subscriber }: Retrieval, { dialplanContext = "" }: Envelope): boolean {
  return subscriber.internalContexts.includes(dialplanContext);
}

function digitsOf({ number }: Caller): string {
  return number?.replace(/[^0-9*#+]/g, "") ?? "";
}
