import type { Action } from "../menu.ts";
import { nameOf, PLACES } from "../place.ts";
import type { Retrieval } from "../session.ts";

/** One for each folder: closes the open one, so that its marks are carried out, and opens this one. */
export const openFolder: readonly Action<Retrieval>[] = PLACES.map((place) => ({
  name: `open-${place.name}`,
  title: `open the folder ${place.name}`,
  leadsTo: ["main"],
  object: () => nameOf(place),
  async run(session) {
    await session.change(place);
    return { next: "menu", menu: "main", say: nameOf(place) };
  },
}));
