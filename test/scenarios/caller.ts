import { expect } from "vitest";
import { digits, type Telephone, type World } from "./world.ts";

/** Scenes of callers that many scenarios share. */

/** What is said of a mailbox without greetings of its own. */
export const greeting = (box: string) => ["vm-theperson", ...digits(box), "vm-isunavail", "vm-intro"];

/** Calls a mailbox, hears the whole greeting, and may speak. */
export async function waitForBeep(caller: Telephone, box: string): Promise<void> {
  await caller.dials(box);
  await caller.hears(...greeting(box), "beep");
  await caller.isRecorded();
}

/** Calls a mailbox, skips the greeting, and may speak. */
export async function skipToBeep(caller: Telephone, box: string): Promise<void> {
  await caller.dials(box);
  await caller.hears("vm-theperson");
  await caller.presses("#");
  await caller.hears("beep");
  await caller.isRecorded();
}

/** Somebody leaves a message of so many seconds. */
export async function leaveMessage(
  world: World,
  box: string,
  caller?: Telephone,
  seconds = 2,
): Promise<void> {
  const somebody = caller ?? (await world.caller());
  await skipToBeep(somebody, box);
  await somebody.speaks(seconds);
  await somebody.hangsUp();
}

/** The same, and it has arrived as the only new one. */
export async function receiveMessage(
  world: World,
  box: string,
  caller?: Telephone,
  seconds = 2,
): Promise<void> {
  await leaveMessage(world, box, caller, seconds);
  await world.mailbox(box).has({ new: 1 });
}

/** What a recipient finds whose message has this voice, give or take. */
export function expectVoice(heard: number | undefined, voice: number): void {
  expect(Math.abs((heard ?? 0) - voice), `${heard} hertz for ${voice}`).toBeLessThan(20);
}

export const REVIEW = ["auth-thankyou", "vm-review"] as const;

/** Says something, and is in the review menu; resolves to the mailbox. */
export async function say(world: World, caller: Telephone, seconds: number): Promise<string> {
  const box = world.box("review");
  await skipToBeep(caller, box);
  await caller.speaks(seconds);
  await caller.presses("#");
  await caller.hears(...REVIEW);
  return box;
}

export async function sayAgain(caller: Telephone): Promise<void> {
  await caller.presses("3");
  await caller.hears("vm-intro");
  await caller.presses("#");
  await caller.hears("beep");
  await caller.isRecorded();
}
