import { locate } from "../addressed.ts";
import type { Action } from "../menu.ts";
import type { Retrieval } from "../session.ts";

/** A plain message for the mailbox that has the caller's number, in the reader's own context. */
export const reply: Action<Retrieval> = {
  name: "reply",
  title: "reply with a message",
  available: (session) => session.current !== undefined,
  async run(session) {
    const { call, current, deps, subscriber, home: menu } = session;
    const number = current?.entry.envelope.caller.number;
    if (!number) return { next: "menu", menu, say: ["vm-nonumber"] };
    const owner = locate(`${number}@${subscriber.address.context}`, deps.subscribers);
    if (!owner) return { next: "menu", menu, say: ["vm-nobox"] };
    const { to } = await deps.leave(call, [owner]);
    return to ? { next: "exit", to, say: [] } : { next: "menu", menu };
  },
};
