import { en } from "../../sounds/en.ts";
import { acceptGreeting } from "./actions/accept-greeting.ts";
import { rerecordGreeting } from "./actions/rerecord-greeting.ts";
import { review } from "./actions/review.ts";
import { announcementsOf } from "./announce.ts";
import { type Menu, type MenuSet, table } from "./menu.ts";
import type { OwnGreeting } from "./own-greeting.ts";

const reviewMenu: Menu = {
  name: "greeting-review",
  title: "Recording a greeting: review",
  prompt: ["vm-review"],
  keys: { "1": "accept", "2": "review", "3": "rerecord" },
};

/** What an owner may do with a greeting that they just recorded. */
export const greetingMenus: MenuSet<OwnGreeting> = {
  menus: { "greeting-review": reviewMenu },
  actions: table<OwnGreeting>(acceptGreeting, review, rerecordGreeting),
  sentences: {},
  announcements: announcementsOf(en.prompts),
};
