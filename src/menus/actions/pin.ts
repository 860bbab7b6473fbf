import { changePin, PIN_WORDS, PinChange } from "../change-pin.ts";
import type { Action } from "../menu.ts";
import { pinMenus } from "../pin-menus.ts";
import type { Retrieval } from "../session.ts";

export const pin: Action<Retrieval> = {
  name: "pin",
  title: "change the PIN",
  available: ({ deps, subscriber }) => deps.settings.pins.isPossible(subscriber),
  async run({ call, subscriber, deps: { settings, menus } }) {
    const change = new PinChange(call, subscriber, settings.pins);
    const how = await changePin(change, menus?.pins ?? pinMenus);
    return { next: "repeat", say: PIN_WORDS[how] };
  },
};
