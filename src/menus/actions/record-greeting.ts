import type { GreetingKind } from "../../model/greeting.ts";
import type { Action, Outcome } from "../menu.ts";
import { OwnGreeting, recordGreeting } from "../own-greeting.ts";
import type { Retrieval } from "../session.ts";

const TITLES: Readonly<Record<GreetingKind, string>> = {
  unavailable: "record the greeting for when you do not answer",
  busy: "record the greeting for when you are on the phone",
  name: "record your name",
  temporary: "record or erase a greeting that overrides the others",
};

/** One for each kind. A temporary greeting that exists is asked about first, as by app_voicemail. */
export const recordKind: readonly Action<Retrieval>[] = (
  ["unavailable", "busy", "name", "temporary"] as const
).map((kind) => ({
  name: kind,
  title: TITLES[kind],
  ...(kind === "temporary" ? { leadsTo: ["temporary-greeting"] } : {}),
  available: ({ deps }) => deps.settings.greetings.possible,
  async run(session) {
    session.greetings.chosen = kind;
    if (kind === "temporary" && session.greetings.known.temporary) {
      return { next: "menu", menu: "temporary-greeting" };
    }
    return record(session, kind);
  },
}));

/** The greeting that the menu is about. */
export const recordAgain: Action<Retrieval> = {
  name: "record",
  title: "record the greeting again",
  run: (session) => record(session, session.greetings.chosen),
};

async function record(session: Retrieval, kind: GreetingKind): Promise<Outcome> {
  const { call, subscriber } = session;
  const { settings } = session.deps;
  const draft = new OwnGreeting(call, subscriber, kind, settings.greetings);
  const how = await recordGreeting(draft, session.menus.greetings);
  await session.greetings.load();
  return { next: "repeat", say: how === "empty" ? ["vm-tooshort"] : [] };
}
