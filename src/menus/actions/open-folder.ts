import type { Action, Outcome } from "../menu.ts";
import { isAnnounced, nameOf, PLACES, type Place, TRASH } from "../place.ts";
import type { Retrieval } from "../session.ts";

/** Deleted messages can be heard, and got back, until they are purged. */
export const openTrash: Action<Retrieval> = {
  name: "trash",
  title: "go to the deleted messages",
  leadsTo: ["main"],
  run: (session) => open(session, TRASH),
};

/** One for each folder: closes the open one, so that its marks are carried out, and opens this one. */
export const openFolder: readonly Action<Retrieval>[] = PLACES.map((place) => ({
  name: `open-${place.name}`,
  title: `open the folder ${place.name}`,
  leadsTo: ["main"],
  announced: (session) => isAnnounced(place, session.subscriber),
  object: ({ subscriber }) => [...nameOf(place, subscriber), { silence: 500 }],
  run: (session) => open(session, place),
}));

async function open(session: Retrieval, place: Place): Promise<Outcome> {
  await session.change(place);
  return { next: "menu", menu: "main", say: nameOf(place, session.subscriber) };
}
