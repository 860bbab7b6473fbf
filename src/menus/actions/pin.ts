import { changePin, PIN_WORDS, PinChange } from "../change-pin.ts";
import type { Action } from "../menu.ts";
import type { Retrieval } from "../session.ts";

export const pin: Action<Retrieval> = {
  name: "pin",
  title: "change the PIN",
  async run({ call, subscriber, menus, deps: { settings } }) {
    // Always a key, because the stock sound speaks of it together with the others.
    if (!settings.pins.isPossible(subscriber)) return { next: "repeat", say: ["vm-sorry"] };
    const change = new PinChange(call, subscriber, settings.pins);
    const how = await changePin(change, menus.pins);
    return { next: "repeat", say: PIN_WORDS[how] };
  },
};
