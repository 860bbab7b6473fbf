import type { Action } from "../menu.ts";
import { TRASH } from "../place.ts";
import { afterCommand } from "../playback.ts";
import type { Retrieval } from "../session.ts";
import { STORE_WAIT, within } from "../wait.ts";

/** Takes the mark away, or, of a message that was deleted before, moves it from the trash to the inbox at once. */
export const undelete: Action<Retrieval> = {
  name: "undelete",
  title: "get this message back",
  available: (session) => !session.readOnly && (session.current?.deleted === true || isInTrash(session)),
  async run(session) {
    const { current, store } = session;
    if (current && isInTrash(session)) {
      const work = within(STORE_WAIT, "Getting a message back", async (signal) => {
        current.entry = await store.move(current.entry, "INBOX", signal);
      });
      await session.write(work);
    }
    if (current) current.deleted = false;
    return afterCommand(session, ["vm-undeleted"]);
  },
};

function isInTrash({ current }: Retrieval): boolean {
  return current?.entry.ref.folder === TRASH.folder;
}
