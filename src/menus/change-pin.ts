import type { Call } from "../ivr/call.ts";
import type { Script } from "../ivr/phrase.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { MenuSet, Session } from "./menu.ts";
import { runMenus } from "./run.ts";
import type { PinSettings } from "./settings.ts";

/** What is said of a change that ended so. */
export const PIN_WORDS = {
  changed: ["vm-passchanged"],
  invalid: ["vm-invalid-password", "vm-pls-try-again"],
  mismatch: ["vm-mismatch", "vm-pls-try-again"],
  failed: ["voxpost/not-done"],
  silent: [],
} as const satisfies Record<string, Script>;

/** An owner who is changing their PIN. What they entered is in no log, and is forgotten with this. */
export class PinChange implements Session {
  readonly call: Call;
  readonly owner: Subscriber;
  readonly pins: PinSettings;
  entered = "";
  result: keyof typeof PIN_WORDS = "silent";

  constructor(call: Call, owner: Subscriber, pins: PinSettings) {
    this.call = call;
    this.owner = owner;
    this.pins = pins;
  }
}

/** Asks for a new PIN, twice. Until the second was right nothing has changed. */
export async function changePin(
  change: PinChange,
  menus: MenuSet<PinChange>,
): Promise<keyof typeof PIN_WORDS> {
  await runMenus(menus, "new-pin", change);
  return change.result;
}
