import type { Action } from "../menu.ts";
import { afterCommand } from "../playback.ts";
import type { Retrieval } from "../session.ts";

export const undelete: Action<Retrieval> = {
  name: "undelete",
  title: "get this message back",
  available: (session) => !session.readOnly && session.current?.deleted === true,
  async run(session) {
    if (session.current) session.current.deleted = false;
    return afterCommand(session, ["vm-undeleted"]);
  },
};
