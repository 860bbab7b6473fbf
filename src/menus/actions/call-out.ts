import { matchesDialPattern } from "../../model/dial-pattern.ts";
import type { Outbound } from "../../model/subscriber.ts";
import type { Action, Outcome } from "../menu.ts";
import type { Retrieval } from "../session.ts";

/** Calls out of the mailbox: only where the site says where to, and only to numbers that it allows. */

export const callback: Action<Retrieval> = {
  name: "callback",
  title: "call the sender back",
  leadsTo: ["call-back"],
  available: ({ current, subscriber }) => current !== undefined && subscriber.callback !== undefined,
  run: (session) =>
    numberOf(session) || session.subscriber.dialout
      ? { next: "menu", menu: "call-back", over: session.home }
      : { next: "menu", menu: session.home, say: ["vm-nonumber"] },
};

export const callnumber: Action<Retrieval> = {
  name: "callnumber",
  title: "call the number that the message came from",
  available: (session) => numberOf(session) !== undefined,
  run: (session) => dialled(session, session.subscriber.callback, numberOf(session) ?? ""),
};

export const dialout: Action<Retrieval> = {
  name: "dialout",
  title: "make a call",
  leadsTo: ["dial-number"],
  available: ({ subscriber }) => subscriber.dialout !== undefined,
  run: ({ home }) => ({ next: "menu", menu: "dial-number", over: home }),
};

export const othernumber: Action<Retrieval> = {
  ...dialout,
  name: "othernumber",
  title: "call another number",
};

/** A star at the end, like one at the beginning, cancels. */
export const dial: Action<Retrieval> = {
  name: "dial",
  title: "call the number that was entered",
  leaves: true,
  run: (session, { entry = "" }) =>
    entry === "" || entry.endsWith("*")
      ? { next: "up" }
      : dialled(session, session.subscriber.dialout, entry),
};

/** The caller's number as it can be dialled. */
export function numberOf({ current }: Retrieval): string | undefined {
  return current?.entry.envelope.caller.number?.replace(/[^0-9*#+]/g, "") || undefined;
}

async function dialled(session: Retrieval, to: Outbound | undefined, number: string): Promise<Outcome> {
  const { call } = session;
  if (!to?.allow.some((pattern) => matchesDialPattern(pattern, number))) {
    call.log.warn({ number, context: to?.dialplanContext }, "A call out of a mailbox was refused");
    return { next: "repeat", say: ["voxpost/not-allowed"] };
  }
  if (!(await call.extensionExists(to.dialplanContext, number)))
    return { next: "repeat", say: ["pbx-invalid"] };
  call.log.info({ number, context: to.dialplanContext }, "An owner calls out of the mailbox");
  return { next: "exit", to: { context: to.dialplanContext, extension: number }, say: ["vm-dialout"] };
}
