import { GREETINGS } from "../../model/greeting.ts";
import type { Action, Outcome } from "../menu.ts";
import type { Retrieval } from "../session.ts";

/** One for each kind: plays it, and asks what to do with it. */
export const openGreeting: readonly Action<Retrieval>[] = GREETINGS.map((kind) => ({
  name: `hear-${kind}`,
  title: `hear the greeting "${kind}"`,
  leadsTo: ["greeting"],
  available: ({ deps, greetings }) => deps.settings.greetings.possible && greetings.known[kind] !== undefined,
  async run(session) {
    session.greetings.chosen = kind;
    const key = await play(session);
    return { next: "menu", menu: "greeting", ...(key === undefined ? {} : { key }) };
  },
}));

export const hearGreeting: Action<Retrieval> = {
  name: "review",
  title: "hear the greeting",
  available: ({ greetings }) => greetings.known[greetings.chosen] !== undefined,
  async run(session): Promise<Outcome> {
    const key = await play(session);
    return key === undefined ? { next: "repeat" } : { next: "press", key };
  },
};

/** From this machine's disk: what callers hear at this moment. */
async function play({ call, greetings }: Retrieval) {
  const greeting = greetings.known[greetings.chosen];
  return call.play(greeting ? [{ file: greeting.path, contentType: greeting.contentType }] : []);
}
