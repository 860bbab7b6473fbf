import type { Call } from "../../ivr/call.ts";
import type { Action } from "../menu.ts";

/** A message or greeting that was just recorded; a key ends it and is the menu's. */
export const review: Action<{ readonly call: Call; readonly parts: readonly string[] }> = {
  name: "review",
  title: "hear what was recorded",
  async run({ call, parts }) {
    const key = await call.play(parts.map((recording) => ({ recording })));
    return key === undefined ? { next: "repeat" } : { next: "press", key };
  },
};
