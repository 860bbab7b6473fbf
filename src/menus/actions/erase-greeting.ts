import type { Action } from "../menu.ts";
import type { Retrieval } from "../session.ts";
import { patiently, STORE_WAIT, within } from "../wait.ts";

/** Only the store can forget it: while that is away the owner is told, and the greeting stays. */
export const eraseGreeting: Action<Retrieval> = {
  name: "erase",
  title: "erase the greeting",
  leadsTo: ["options"],
  available: ({ greetings }) => greetings.known[greetings.chosen] !== undefined,
  async run(session) {
    const { call, subscriber, greetings } = session;
    const { settings } = session.deps;
    const kind = greetings.chosen;
    const erased = within(STORE_WAIT, "Erasing a greeting", (signal) =>
      settings.greetings.erase(subscriber.address, kind, signal),
    );
    await patiently(call, erased);
    await greetings.load();
    const say = [kind === "temporary" ? "vm-tempremoved" : "voxpost/greeting-erased"];
    return { next: "menu", menu: "options", say };
  },
};
