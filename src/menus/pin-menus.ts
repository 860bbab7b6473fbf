import { en } from "../../sounds/en.ts";
import { confirmPin } from "./actions/confirm-pin.ts";
import { takePin } from "./actions/take-pin.ts";
import { announcementsOf } from "./announce.ts";
import type { PinChange } from "./change-pin.ts";
import { type Menu, type MenuSet, table } from "./menu.ts";

const newPinMenu: Menu = {
  name: "new-pin",
  title: "Changing the PIN: the new one",
  prompt: ["vm-newpassword"],
  keys: {},
  entry: { action: "take-pin" },
  wait: 10_000,
  tries: 1,
};

const samePinMenu: Menu = {
  name: "same-pin",
  title: "Changing the PIN: the new one again",
  prompt: ["vm-reenterpassword"],
  keys: {},
  entry: { action: "confirm-pin" },
  wait: 10_000,
  tries: 1,
};

export const pinMenus: MenuSet<PinChange> = {
  menus: { "new-pin": newPinMenu, "same-pin": samePinMenu },
  actions: table<PinChange>(takePin, confirmPin),
  sentences: {},
  announcements: announcementsOf(en.prompts),
};
