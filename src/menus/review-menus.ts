import { en } from "../../sounds/en.ts";
import { accept } from "./actions/accept.ts";
import { operator } from "./actions/operator.ts";
import { rerecord } from "./actions/rerecord.ts";
import { review } from "./actions/review.ts";
import { nonurgent, urgent } from "./actions/urgent.ts";
import { announcementsOf } from "./announce.ts";
import { type Menu, type MenuSet, table } from "./menu.ts";
import type { Message } from "./message.ts";

const reviewMenu: Menu = {
  name: "review",
  title: "Leaving a message: review",
  prompt: ["vm-review", "vm-review-urgent", "vm-review-nonurgent", "vm-reachoper", { silence: 600 }],
  keys: { "1": "accept", "2": "review", "3": "rerecord", "4": ["urgent", "nonurgent"], "0": "operator" },
};

/** For callers whom the owner lets review what they said (option `review`). */
export const reviewMenus: MenuSet<Message> = {
  menus: { review: reviewMenu },
  actions: table<Message>(accept, review, rerecord, urgent, nonurgent, operator),
  sentences: {},
  announcements: announcementsOf(en.prompts),
};
