import type { Action } from "../menu.ts";
import type { OwnGreeting } from "../own-greeting.ts";

export const rerecordGreeting: Action<OwnGreeting> = {
  name: "rerecord",
  title: "record the greeting again",
  async run(greeting) {
    const said = await greeting.record();
    return { next: "repeat", say: [said ? "auth-thankyou" : "vm-tooshort"] };
  },
};
