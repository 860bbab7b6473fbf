import { en } from "../../sounds/en.ts";
import type { DialplanPlace } from "../ivr/call.ts";
import { authenticate } from "./actions/authenticate.ts";
import { identify } from "./actions/identify.ts";
import { assistant } from "./actions/leaving.ts";
import { announcementsOf } from "./announce.ts";
import type { Login } from "./login.ts";
import { type Menu, type MenuSet, table } from "./menu.ts";
import { runMenus } from "./run.ts";

const mailboxMenu: Menu = {
  name: "mailbox",
  title: "Login: which mailbox",
  prompt: [{ sentence: "ask-mailbox" }],
  keys: { "*": "assistant" },
  entry: { action: "identify" },
  wait: 10_000,
  tries: 3,
};

const pinMenu: Menu = {
  name: "pin",
  title: "Login: PIN",
  prompt: [{ sentence: "ask-pin" }],
  keys: { "*": "assistant" },
  entry: { action: "authenticate" },
  wait: 10_000,
  tries: 3,
};

export const loginMenus: MenuSet<Login> = {
  menus: { mailbox: mailboxMenu, pin: pinMenu },
  actions: table<Login>(identify, authenticate, assistant),
  sentences: {
    "ask-mailbox": (login) => {
      if (login.failures > 0) return ["vm-incorrect-mailbox"];
      return login.silent ? [] : ["vm-login"];
    },
    "ask-pin": (login) =>
      login.given && login.failures > 0 ? ["vm-incorrect", "vm-password"] : ["vm-password"],
  },
  announcements: announcementsOf(en.prompts),
};

/** Asks until the owner is known or the tries are used up. Resolves to where key `*` led, if it did. */
export async function logIn(
  login: Login,
  menus: MenuSet<Login> = loginMenus,
): Promise<DialplanPlace | undefined> {
  const end = await runMenus(menus, login.given ? "pin" : "mailbox", login);
  return end.to;
}
