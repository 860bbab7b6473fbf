import { isCode } from "../../errors.ts";
import type { PinChange } from "../change-pin.ts";
import type { Action } from "../menu.ts";
import { patiently } from "../wait.ts";

export const confirmPin: Action<PinChange> = {
  name: "confirm-pin",
  title: "change the PIN, if it is the same again",
  leaves: true,
  async run(change, { entry = "" }) {
    const { call, owner, pins, entered } = change;
    if (entry !== entered) change.result = "mismatch";
    else {
      try {
        // Not given up at a hang-up: whoever entered it twice counts on it.
        await patiently(call, pins.change(owner, entered));
        change.result = "changed";
      } catch (error) {
        if (isCode(error, "CALL_GONE")) throw error;
        call.log.error({ err: error, mailbox: owner.address }, "A PIN could not be changed");
        change.result = "failed";
      }
    }
    return { next: "exit" };
  },
};
