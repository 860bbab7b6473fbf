import type { Action } from "../menu.ts";
import { askRecipients } from "../outgoing.ts";
import type { Retrieval } from "../session.ts";

/** Only a message that was played: nobody forwards by mistake what they have not heard. */
export const forward: Action<Retrieval> = {
  name: "forward",
  title: "forward this message",
  leadsTo: ["send-to", "recipients"],
  available: (session) => session.current !== undefined || session.isEmpty,
  announced: (session) => session.current !== undefined,
  run(session) {
    const item = session.current;
    if (!item) return { next: "repeat", say: ["vm-nomore"] };
    if (item.entry.envelope.private) return { next: "repeat", say: ["voxpost/private"] };
    return askRecipients(session, item);
  },
};
