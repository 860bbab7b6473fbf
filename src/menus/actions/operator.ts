import { expectHangUp } from "../ending.ts";
import type { Action, Outcome } from "../menu.ts";
import type { Message } from "../message.ts";

/** How long the key is waited for that keeps the message or takes it back, milliseconds. */
const WAIT = 3000;

export const operator: Action<Message> = {
  name: "operator",
  title: "keep the message or take it back, and leave to the operator",
  leaves: true,
  available: ({ exits }) => exits.operator !== undefined,
  run: toOperator,
};

/**
 * 1 keeps the message, 4 keeps it as urgent, another key takes it back. No key and a hang-up keep it as well, unlike
 * app_voicemail, which asks callers to hold on and then deletes what they said.
 */
export async function toOperator(message: Message): Promise<Outcome> {
  const { call, exits, owner } = message;
  const to = exits.operator;
  if (!to) return { next: "stay" };
  // Nobody takes back what they said before they are asked: two quick zeros would.
  call.clearKeys();
  const key = (await call.play(["vm-saveoper"])) ?? (await call.key(WAIT));
  const asUrgent = key === "4" && owner.leaveUrgent;
  if (key === undefined || key === "1" || asUrgent) {
    if (asUrgent) await message.mark(true);
    await message.keep();
    message.ending = { ...message.saved, status: "USEREXIT", to };
    await expectHangUp(call, message.ending);
    await call.play([...(asUrgent ? ["vm-marked-urgent"] : []), "vm-msgsaved"], { bargeIn: "none" });
  } else {
    await message.takeBack();
    message.ending = { status: "USEREXIT", variables: { VM_MESSAGEFILE: "" }, to };
    await expectHangUp(call, message.ending);
    await call.play(["vm-deleted"], { bargeIn: "none" });
  }
  await call.play(["transfer"], { bargeIn: "none" });
  return { next: "exit", to };
}
