import { changePin, PIN_WORDS, PinChange } from "../change-pin.ts";
import type { Action } from "../menu.ts";
import type { Retrieval } from "../session.ts";

/** So many may be refused in a call: enough for a clumsy owner, too few to find out what the policy is. */
const MOST_REFUSED = 5;

/** Where it cannot be changed its key is not announced, but it is known by heart: so it is answered. */
export const pin: Action<Retrieval> = {
  name: "pin",
  title: "change the PIN",
  announced: canChange,
  async run(session) {
    const { call, subscriber, menus, deps } = session;
    if (!canChange(session)) return { next: "repeat", say: ["vm-sorry"] };
    const change = new PinChange(call, subscriber, deps.settings.pins);
    const how = await changePin(change, menus.pins);
    if (how === "invalid" || how === "mismatch") session.refusedPins++;
    return { next: "repeat", say: PIN_WORDS[how] };
  },
};

function canChange({ subscriber, refusedPins, deps }: Retrieval): boolean {
  return refusedPins < MOST_REFUSED && deps.settings.pins.isPossible(subscriber);
}
