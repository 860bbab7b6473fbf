import type { Action } from "../menu.ts";
import { isAnnounced, NEW, nameOf, OLD, PLACES, type Place } from "../place.ts";
import { afterCommand } from "../playback.ts";
import { total } from "../sentences.ts";
import type { Retrieval } from "../session.ts";
import { patiently, STORE_WAIT, within } from "../wait.ts";

/** One for each folder. The message is moved at once; new and old are one folder, so between them only a flag changes. */
export const saveTo: readonly Action<Retrieval>[] = PLACES.map((place) => ({
  name: `save-${place.name}`,
  title: `save the message to the folder ${place.name}`,
  leadsTo: ["message"],
  available: (session) => session.current !== undefined,
  announced: (session) => isAnnounced(place, session.subscriber),
  object: ({ subscriber }) => [...nameOf(place, subscriber), { silence: 500 }],
  async run(session) {
    const item = session.current;
    if (item && (await isFull(session, item, place)))
      return { next: "menu", menu: "message", say: ["vm-mailboxfull"] };
    if (item) await session.write(save(session, item, place));
    return afterCommand(session, [
      "vm-message",
      { number: session.index + 1 },
      "vm-savedto",
      ...nameOf(place, session.subscriber),
    ]);
  },
}));

type Item = NonNullable<Retrieval["current"]>;

/** `maxmsg` counts in each folder. What is in the folder already is no more there when its flag changes. */
async function isFull({ call, store, subscriber }: Retrieval, item: Item, place: Place): Promise<boolean> {
  if (item.entry.ref.folder === place.folder) return false;
  const counting = within(
    STORE_WAIT,
    "Counting messages",
    (signal) => store.counts(subscriber.address, place.folder, signal),
    call.signal,
  );
  return total(await patiently(call, counting)) >= subscriber.maxMessages;
}

/** Finished even if the caller hangs up meanwhile: its bound is its own. */
async function save(session: Retrieval, item: Item, place: Place): Promise<void> {
  await within(STORE_WAIT, "Saving a message", async (signal) => {
    if (item.entry.ref.folder !== place.folder) {
      item.entry = await session.store.move(item.entry, place.folder, signal);
    }
    if (place === OLD || place === NEW) {
      const heard = place === OLD;
      if (item.entry.envelope.heard !== heard) {
        item.entry = await session.store.mark(item.entry, { heard }, signal);
      }
      item.keptNew = place === NEW;
    }
  });
  item.deleted = false;
}
