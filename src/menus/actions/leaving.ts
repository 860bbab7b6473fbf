import type { DialplanPlace } from "../../ivr/call.ts";
import type { Action, Session } from "../menu.ts";

/** Ways out of a menu. */

export const exit: Action<Session> = {
  name: "exit",
  title: "end the call",
  leaves: true,
  run: () => ({ next: "exit" }),
};

export const main: Action<Session> = {
  name: "main",
  title: "go to the main menu",
  leaves: true,
  run: () => ({ next: "up" }),
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
