import type { Action } from "../menu.ts";
import { from, received } from "../sentences.ts";
import type { Retrieval } from "../session.ts";

export const envelope: Action<Retrieval> = {
  name: "envelope",
  title: "hear when this message came and from whom",
  available: (session) => session.current !== undefined,
  run(session) {
    const item = session.current;
    if (!item) return { next: "menu", menu: session.home };
    const say = [...received(item, session.subscriber), ...from(item.entry.envelope.caller)];
    return { next: "menu", menu: session.home, say };
  },
};
