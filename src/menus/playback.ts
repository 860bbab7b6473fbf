import { VoxpostError } from "../errors.ts";
import type { Key, Script } from "../ivr/phrase.ts";
import { explain } from "./faults.ts";
import type { Item } from "./listing.ts";
import type { Outcome } from "./menu.ts";
import { NEW, type Place, URGENT } from "./place.ts";
import { preamble } from "./sentences.ts";
import type { Retrieval } from "./session.ts";
import { patiently } from "./wait.ts";

/** Goes to a message and plays it: preamble, comments, voice. Ends in the message menu, with the key that stopped it. */
export async function playAt(
  session: Retrieval,
  place: Place,
  index: number,
  lead: Script = [],
): Promise<Outcome> {
  const item = await session.at(place, index);
  if (!item) return { next: "menu", menu: "message", say: [...lead, "vm-nomore"] };
  session.goTo(place, index);
  session.audio.ahead(item.entry);
  const key = await session.call.play([...lead, ...(await preamble(session, item))]);
  if (key !== undefined && key !== "1") return { next: "menu", menu: "message", key };
  try {
    const stopped = await playAudio(session, item);
    return { next: "menu", menu: "message", ...(stopped === undefined ? {} : { key: stopped }) };
  } catch (error) {
    const say = session.call.signal.aborted ? undefined : explain(error);
    if (!say) throw error;
    session.call.log.warn({ err: error, id: item.entry.envelope.id }, "A message could not be played");
    return { next: "menu", menu: "message", say };
  }
}

/** Marks as heard when the playback says so; a message that cannot be played stays new. */
async function playAudio(session: Retrieval, item: Item): Promise<Key | undefined> {
  const parts = await patiently(session.call, session.audio.get(item.entry));
  foresee(session);
  const { skipMs, playbackKeys: controls } = session.subscriber;
  for (const part of parts) {
    const { key, heard } = await session.call.playMessage(part, { skipMs, controls });
    if (heard && part.kind === "voice") item.heard = true;
    if (key !== undefined) return key;
    if (!heard) throw new VoxpostError("MESSAGE_MALFORMED", "Asterisk cannot play a message's audio");
  }
  return undefined;
}

/** Fetches the next message, and the page that it is on, while this one is played. A failure is told to who goes there. */
function foresee(session: Retrieval): void {
  const { place, index, listing, call, audio } = session;
  const isLast = index + 1 >= listing.total;
  const coming = isLast && place === URGENT ? session.listingOf(NEW).at(0, call.signal) : undefined;
  const next = coming ?? (isLast ? undefined : listing.at(index + 1, call.signal));
  next?.then((item) => item && audio.ahead(item.entry)).catch(() => undefined);
}

/** Where key 6 leads; undefined at the end. Urgent messages are followed by the new ones. */
export async function following(session: Retrieval): Promise<[Place, number] | undefined> {
  const { place, index } = session;
  if (await session.at(place, index + 1)) return [place, index + 1];
  if (place === URGENT && (await session.at(NEW, 0))) return [NEW, 0];
  if ((await session.listing.lookAgain(session.call.signal)) > 0) return [place, index + 1];
  return session.subscriber.messageWrap && session.listing.total > 1 ? [place, 0] : undefined;
}

/** Where key 4 leads; undefined at the beginning. */
export async function preceding(session: Retrieval): Promise<[Place, number] | undefined> {
  const { place, index } = session;
  if (index > 0) return [place, index - 1];
  if (place === NEW && session.known(URGENT) > 0) {
    await session.at(URGENT, 0);
    const last = session.listingOf(URGENT).total - 1;
    if (last >= 0) return [URGENT, last];
  }
  const { total } = session.listing;
  return session.subscriber.messageWrap && total > 1 ? [place, total - 1] : undefined;
}

/** Says something, then plays what follows if the owner wants it so; the end is said as well. */
export async function afterCommand(session: Retrieval, say: Script): Promise<Outcome> {
  if (!session.subscriber.nextAfterCommand) return { next: "menu", menu: "message", say };
  const next = await following(session);
  return next ? playAt(session, ...next, say) : { next: "menu", menu: "message", say: [...say, "vm-nomore"] };
}
