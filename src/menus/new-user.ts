import { changePin, PIN_WORDS, PinChange } from "./change-pin.ts";
import { OwnGreeting, recordGreeting } from "./own-greeting.ts";
import type { Retrieval } from "./session.ts";

/** So often a PIN may be refused, or a greeting be without a sound. */
const TRIES = 3;

/**
 * The first steps of an owner whose PIN is still the mailbox's number, where the site wants them taken: name, greetings, a PIN.
 * The PIN comes last, so that whoever hangs up before it is asked again. `isNew`: known from the PIN that was entered.
 * @returns false when they were not taken to their end: then the call ends
 */
export async function setUp(session: Retrieval, isNew: boolean | undefined): Promise<boolean> {
  const { call, subscriber, greetings } = session;
  const { settings } = session.deps;
  if (!subscriber.forceName && !subscriber.forceGreetings) return true;
  if (!(isNew ?? (await settings.pins.isNumber(subscriber)))) return true;
  await greetings.load();
  const wanted = [
    ...(subscriber.forceName ? (["name"] as const) : []),
    ...(subscriber.forceGreetings ? (["unavailable", "busy"] as const) : []),
  ];
  const missing = wanted.filter((kind) => settings.greetings.possible && !greetings.known[kind]);
  if (missing.length === 0 && !settings.pins.isPossible(subscriber)) return true;
  await call.play(["vm-newuser"]);
  for (const kind of missing) {
    for (let tries = 0; ; tries++) {
      if (tries === TRIES) return false;
      const draft = new OwnGreeting(call, subscriber, kind, settings.greetings);
      const how = await recordGreeting(draft, session.menus.greetings);
      if (how === "silent") return false;
      if (how === "accepted") break;
      await call.play(["vm-tooshort"]);
    }
  }
  if (!settings.pins.isPossible(subscriber)) return true;
  for (let tries = 0; tries < TRIES; tries++) {
    const how = await changePin(new PinChange(call, subscriber, settings.pins), session.menus.pins);
    await call.play(PIN_WORDS[how]);
    if (how === "changed") return true;
    if (how === "silent" || how === "failed") return false;
  }
  return false;
}
