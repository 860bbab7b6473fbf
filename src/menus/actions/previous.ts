import type { Action } from "../menu.ts";
import { NEW, URGENT } from "../place.ts";
import { playAt, preceding } from "../playback.ts";
import type { Retrieval } from "../session.ts";

export const previous: Action<Retrieval> = {
  name: "previous",
  title: "play the previous message",
  leadsTo: ["message"],
  announced: (session) =>
    session.index > 0 ||
    (session.place === NEW && session.known(URGENT) > 0) ||
    (session.subscriber.messageWrap && session.listing.total > 1),
  async run(session) {
    const place = await preceding(session);
    return place ? playAt(session, ...place) : { next: "repeat", say: ["vm-nomore"] };
  },
};
