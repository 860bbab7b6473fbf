import { GREETINGS } from "../model/greeting.ts";
import { eraseGreeting } from "./actions/erase-greeting.ts";
import { hearGreeting, openGreeting } from "./actions/hear-greeting.ts";
import { pin } from "./actions/pin.ts";
import { recordAgain, recordKind } from "./actions/record-greeting.ts";
import type { Action, Menu } from "./menu.ts";
import type { Retrieval } from "./session.ts";

const settingsMenu: Menu = {
  name: "options",
  title: "Mailbox options",
  always: true,
  prompt: [{ sentence: "temporary" }, "vm-options", { announce: "greetings" }],
  keys: {
    "1": "unavailable",
    "2": "busy",
    "3": "name",
    "4": "temporary",
    "5": "pin",
    "6": "greetings",
    "*": "main",
  },
  invalid: [],
};

/** A temporary greeting that exists. */
const temporaryMenu: Menu = {
  name: "temporary-greeting",
  title: "The temporary greeting",
  prompt: ["vm-tempgreeting2", { announce: "review" }, { announce: "cancel" }],
  keys: { "1": "record", "2": "erase", "3": "review", "*": "cancel" },
};

const greetingsMenu: Menu = {
  name: "greetings",
  title: "Hear or erase a greeting: which",
  prompt: [...GREETINGS.map((kind) => ({ announce: `hear-${kind}` })), { announce: "cancel" }],
  keys: {
    "1": "hear-unavailable",
    "2": "hear-busy",
    "3": "hear-name",
    "4": "hear-temporary",
    "*": "cancel",
  },
};

const greetingMenu: Menu = {
  name: "greeting",
  title: "After a greeting",
  prompt: [{ announce: "review" }, { announce: "record" }, { announce: "erase" }, { announce: "cancel" }],
  keys: { "2": "review", "3": "record", "7": "erase", "*": "cancel" },
};

/** Key 0 of the main menu, and what it leads to. */
export const settingsMenus: readonly Menu[] = [settingsMenu, temporaryMenu, greetingsMenu, greetingMenu];

export const settingsActions: readonly Action<Retrieval>[] = [
  ...recordKind,
  recordAgain,
  ...openGreeting,
  hearGreeting,
  eraseGreeting,
  pin,
];
