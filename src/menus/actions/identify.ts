import { locate } from "../addressed.ts";
import { getReady, type Login } from "../login.ts";
import type { Action } from "../menu.ts";

/** Whether the mailbox exists is not told before the PIN was asked for. */
export const identify: Action<Login> = {
  name: "identify",
  title: "take the mailbox number; nothing means the caller's own",
  leadsTo: ["pin"],
  run(login, { entry }) {
    const number = entry ? login.prefix + entry : login.call.caller.number;
    if (!number) return { next: "exit" };
    const { context = "default" } = login;
    login.mailbox = locate(
      login.context === undefined ? number : `${number}@${login.context}`,
      login.subscribers,
    )?.address ?? { mailbox: number, context };
    getReady(login);
    return { next: "menu", menu: "pin" };
  },
};
