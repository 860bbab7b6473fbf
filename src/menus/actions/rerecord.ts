import type { Action } from "../menu.ts";
import type { Message } from "../message.ts";
import { toOperator } from "./operator.ts";

/** What was said before counts until something better was said, so a hang-up in between loses nothing. */
export const rerecord: Action<Message> = {
  name: "rerecord",
  title: "record the message again",
  async run(message) {
    const { call, exits } = message;
    await call.play(["vm-intro"], { bargeIn: ["#"] });
    const recorded = await message.record(true);
    if (!recorded) return { next: "repeat" };
    const { take, counts } = recorded;
    if (take.key === "0" && exits.operator) return toOperator(message);
    if (take.ended === "fault") return { next: "repeat" };
    return { next: "repeat", say: [counts ? "auth-thankyou" : "vm-tooshort"] };
  },
};
