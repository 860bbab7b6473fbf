import type { Script } from "../ivr/phrase.ts";
import { toOperator } from "./actions/operator.ts";
import { type Ending, expectHangUp, ignoreHangUp } from "./ending.ts";
import type { MenuSet } from "./menu.ts";
import type { Message } from "./message.ts";
import { runMenus } from "./run.ts";

/** So often a caller may speak again who said too little. */
const TRIES = 3;
const FAILED: Ending = { status: "FAILED", variables: { VM_MESSAGEFILE: "" } };

/**
 * From the beep to the end: records a message, lets the caller review it where the owner wants that, and hands it over to
 * delivery. Whatever happens after something was said, it is kept, unless the caller took it back.
 */
export async function takeMessage(message: Message, menus: MenuSet<Message>): Promise<Ending> {
  const { call, exits, owner } = message;
  for (let tries = 1; tries <= TRIES; tries++) {
    await expectHangUp(call, message.expected);
    const recorded = await message.record(tries < TRIES);
    if (!recorded) return FAILED;
    const { take, counts } = recorded;
    if (take.ended === "hangup") return keep(message);
    const toOther = take.key === "0" ? exits.operator : undefined;
    if (counts && toOther) return operatorOr(message);
    // Who was told that a part is missing is not thanked.
    const thanks = take.ended === "fault" ? [] : ["auth-thankyou"];
    if (counts && owner.review) return review(message, menus, thanks);
    if (counts) {
      const kept = keep(message);
      await call.play(thanks).catch(ignoreHangUp);
      return kept;
    }
    if (toOther) {
      await message.keep();
      await call.play(["transfer"], { bargeIn: "none" });
      return { status: "USEREXIT", to: toOther };
    }
    await expectHangUp(call, outcome(message));
    await call.play(["vm-tooshort"], { bargeIn: "none" }).catch(ignoreHangUp);
    if (call.signal.aborted) break;
  }
  return keep(message);
}

/** No answer and a hang-up keep what was said. */
async function review(message: Message, menus: MenuSet<Message>, say: Script): Promise<Ending> {
  const opening = { next: "menu", menu: "review", say } as const;
  const { how } = await runMenus(menus, "review", message, opening);
  if (message.ending) return message.ending;
  const ending = await keep(message);
  const goodbye = message.goesOn ? "vm-msgsaved" : "vm-goodbye";
  if (how !== "gone") await message.call.play([goodbye], { bargeIn: "none" }).catch(ignoreHangUp);
  return ending;
}

async function operatorOr(message: Message): Promise<Ending> {
  await toOperator(message).catch(ignoreHangUp);
  return message.ending ?? keep(message);
}

async function keep(message: Message): Promise<Ending> {
  await message.keep();
  return outcome(message);
}

/** Of what was said until now. */
function outcome(message: Message): Ending {
  return message.parts.length > 0 ? message.saved : FAILED;
}
