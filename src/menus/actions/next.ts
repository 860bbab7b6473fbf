import type { Action } from "../menu.ts";
import { NEW, URGENT } from "../place.ts";
import { following, playAt } from "../playback.ts";
import type { Retrieval } from "../session.ts";

export const next: Action<Retrieval> = {
  name: "next",
  title: "play the next message",
  leadsTo: ["message"],
  announced: (session) =>
    session.index < session.listing.total - 1 ||
    (session.place === URGENT && session.known(NEW) > 0) ||
    (session.subscriber.messageWrap && session.listing.total > 1),
  async run(session) {
    const place = await following(session);
    return place ? playAt(session, ...place) : { next: "repeat", say: ["vm-nomore"] };
  },
};
