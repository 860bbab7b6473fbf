import type { Action, Session } from "../menu.ts";

export const help: Action<Session> = {
  name: "help",
  title: "hear all keys",
  run: () => ({ next: "help" }),
};
