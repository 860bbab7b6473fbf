import type { PinChange } from "../change-pin.ts";
import type { Action } from "../menu.ts";
import { patiently } from "../wait.ts";

export const takePin: Action<PinChange> = {
  name: "take-pin",
  title: "take the new PIN, if it is good enough",
  leaves: true,
  leadsTo: ["same-pin"],
  async run(change, { entry = "" }) {
    const { call, owner, pins } = change;
    change.entered = entry;
    if (await patiently(call, pins.isGood(owner, entry, call.signal))) {
      return { next: "menu", menu: "same-pin" };
    }
    change.result = "invalid";
    return { next: "exit" };
  },
};
