import type { Action } from "../menu.ts";
import { nameOf } from "../place.ts";
import { playAt } from "../playback.ts";
import { emptyFolder } from "../sentences.ts";
import type { Retrieval } from "../session.ts";

export const first: Action<Retrieval> = {
  name: "first",
  title: "play the first message of the folder",
  leadsTo: ["message"],
  announced: (session) => session.known(session.place) > 0,
  object: (session) => nameOf(session.place, session.subscriber),
  async run(session) {
    if (await session.at(session.place, 0)) return playAt(session, session.place, 0);
    await session.listing.lookAgain(session.call.signal);
    if (await session.at(session.place, 0)) return playAt(session, session.place, 0);
    return { next: "menu", menu: "main", say: emptyFolder(session, session.place) };
  },
};
