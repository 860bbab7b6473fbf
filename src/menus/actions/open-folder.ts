import type { Action } from "../menu.ts";
import { isAnnounced, nameOf, PLACES } from "../place.ts";
import type { Retrieval } from "../session.ts";

/** One for each folder: closes the open one, so that its marks are carried out, and opens this one. */
export const openFolder: readonly Action<Retrieval>[] = PLACES.map((place) => ({
  name: `open-${place.name}`,
  title: `open the folder ${place.name}`,
  leadsTo: ["main"],
  announced: (session) => isAnnounced(place, session.subscriber),
  object: ({ subscriber }) => [...nameOf(place, subscriber), { silence: 500 }],
  async run(session) {
    await session.change(place);
    return { next: "menu", menu: "main", say: nameOf(place, session.subscriber) };
  },
}));
