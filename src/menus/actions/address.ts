import type { Action } from "../menu.ts";
import { addressTo } from "../outgoing.ts";
import type { Retrieval } from "../session.ts";

export const extension: Action<Retrieval> = {
  name: "extension",
  title: "enter the recipients' numbers",
  leadsTo: ["recipients"],
  run: ({ home }) => ({ next: "menu", menu: "recipients", over: home }),
};

/** `5555*5556#`: several, separated by stars. */
export const address: Action<Retrieval> = {
  name: "address",
  title: "take the recipients' numbers, separated by *",
  leaves: true,
  leadsTo: ["forward-options"],
  run: (session, { entry = "" }) =>
    addressTo(
      session,
      entry.split("*").filter((number) => number !== ""),
    ),
};
