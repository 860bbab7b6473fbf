import type { Action } from "../menu.ts";
import { playAt } from "../playback.ts";
import { emptyFolder } from "../sentences.ts";
import type { Retrieval } from "../session.ts";

export const repeat: Action<Retrieval> = {
  name: "repeat",
  title: "play this message again",
  leadsTo: ["message"],
  async run(session) {
    const index = Math.max(session.index, 0);
    if (await session.at(session.place, index)) return playAt(session, session.place, index);
    return { next: "repeat", say: emptyFolder(session, session.place) };
  },
};
