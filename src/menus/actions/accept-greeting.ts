import type { Action } from "../menu.ts";
import type { OwnGreeting } from "../own-greeting.ts";
import { patiently } from "../wait.ts";

export const acceptGreeting: Action<OwnGreeting> = {
  name: "accept",
  title: "keep the greeting: callers hear it from now on",
  leaves: true,
  async run(greeting) {
    await patiently(greeting.call, greeting.accept());
    await greeting.call.play(["vm-msgsaved"], { bargeIn: "none" });
    return { next: "exit" };
  },
};
