import type { Action } from "../menu.ts";
import { afterCommand } from "../playback.ts";
import type { Retrieval } from "../session.ts";

/** Only marks: the message goes to the trash when its folder is closed. */
export const remove: Action<Retrieval> = {
  name: "delete",
  title: "delete this message",
  available: ({ readOnly, current }) =>
    !readOnly && current?.deleted === false && current.entry.ref.folder !== "Trash",
  async run(session) {
    if (session.current) session.current.deleted = true;
    return afterCommand(session, ["vm-deleted"]);
  },
};
