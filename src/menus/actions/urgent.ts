import type { Action } from "../menu.ts";
import type { Message } from "../message.ts";

export const urgent: Action<Message> = {
  name: "urgent",
  title: "mark the message as urgent",
  available: ({ owner, urgent }) => owner.leaveUrgent && !urgent,
  async run(message) {
    await message.mark(true);
    return { next: "repeat", say: ["vm-marked-urgent"] };
  },
};

export const nonurgent: Action<Message> = {
  name: "nonurgent",
  title: "take the mark away",
  available: ({ owner, urgent }) => owner.leaveUrgent && urgent,
  async run(message) {
    await message.mark(false);
    return { next: "repeat", say: ["vm-marked-nonurgent"] };
  },
};
