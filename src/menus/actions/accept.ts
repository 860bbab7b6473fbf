import type { Action } from "../menu.ts";
import type { Message } from "../message.ts";

export const accept: Action<Message> = {
  name: "accept",
  title: "keep the message",
  leaves: true,
  async run(message) {
    await message.keep();
    message.ending = message.saved;
    await message.call.play(["vm-msgsaved"], { bargeIn: "none" });
    return { next: "exit" };
  },
};
