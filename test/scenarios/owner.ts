import { receiveMessage } from "./caller.ts";
import type { Telephone, World } from "./world.ts";

/** Scenes of owners that many scenarios share. */

/** Calls the voicemail and logs in; what is heard next is the inventory. */
export async function logIn(world: World, owner: Telephone, box: string): Promise<void> {
  await owner.dials("*98");
  await owner.hears("vm-login");
  await owner.presses(`${box}#`);
  await owner.hears("vm-password");
  await owner.presses(`${world.pin}#`);
}

/** Logs in where one new message waits, and opens it; what is heard next tells of the message. */
export async function openInbox(world: World, owner: Telephone, box: string): Promise<void> {
  await logIn(world, owner, box);
  await owner.hears(...youHave.oneNew);
  await owner.presses("1");
  await owner.hears("vm-first");
}

/** Ends the call as the phone guide says. */
export async function sayGoodbye(owner: Telephone): Promise<void> {
  await owner.presses("#");
  await owner.hears("vm-goodbye");
  await owner.isHungUpOn();
}

/** Somebody leaves a message, and the owner calls and hears it; what is heard next is the message menu. */
export async function hearMessage(
  world: World,
  owner: Telephone,
  box: string,
  caller?: Telephone,
): Promise<void> {
  await receiveMessage(world, box, caller);
  await openInbox(world, owner, box);
  await owner.presses("1");
  await owner.hears("(audio)", "vm-advopts");
}

/** How a time of today is told, in UTC: "today at 2 oh 5 p.m.". */
export function today(time: Date): string[] {
  const hour = time.getUTCHours();
  const minute = time.getUTCMinutes();
  const tens = minute > 20 ? [`digits/${minute - (minute % 10)}`] : [];
  const rest = minute > 20 ? minute % 10 : minute;
  const spoken = [...tens, ...(rest > 0 ? [`digits/${rest}`] : [])];
  const minutes = minute === 0 ? ["digits/oclock"] : minute < 10 ? ["digits/oh", ...spoken] : spoken;
  const half = hour < 12 ? "digits/a-m" : "digits/p-m";
  return ["digits/today", "digits/at", `digits/${hour % 12 || 12}`, ...minutes, half];
}

export const youHave = {
  nothing: ["vm-youhave", "vm-no", "vm-messages"],
  oneNew: ["vm-youhave", "digits/1", "vm-INBOX", "vm-message"],
  twoNew: ["vm-youhave", "digits/2", "vm-INBOX", "vm-messages"],
  oneOld: ["vm-youhave", "digits/1", "vm-Old", "vm-message"],
  oneNewOneOld: ["vm-youhave", "digits/1", "vm-INBOX", "vm-and", "digits/1", "vm-Old", "vm-message"],
} as const;
