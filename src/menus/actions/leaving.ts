import type { DialplanPlace } from "../../ivr/call.ts";
import type { Action, Session } from "../menu.ts";

/** Ways out of a menu. */

export const exit: Action<Session> = {
  name: "exit",
  title: "end the call",
  leaves: true,
  ends: true,
  run: () => ({ next: "exit" }),
};

export const main: Action<Session> = {
  name: "main",
  title: "go to the main menu",
  leaves: true,
  run: () => ({ next: "up" }),
};

/** Key * of the submenus goes up by one; this goes to the main menu from wherever a site puts it. */
export const top: Action<Session> = {
  name: "top",
  title: "go to the main menu from anywhere",
  leaves: true,
  leadsTo: ["main"],
  run: () => ({ next: "menu", menu: "main" }),
};

export const cancel: Action<Session> = {
  name: "cancel",
  title: "change nothing and go back",
  leaves: true,
  run: () => ({ next: "up" }),
};

/** `*` at a login, where the dialplan has an extension `a`. */
export const assistant: Action<Session & { readonly assistant: DialplanPlace | undefined }> = {
  name: "assistant",
  title: "leave to extension a",
  leaves: true,
  available: (session) => session.assistant !== undefined,
  run: ({ assistant: to }) => ({ next: "exit", ...(to ? { to } : {}) }),
};
