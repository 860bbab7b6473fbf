import { isCode } from "../errors.ts";
import type { Call } from "../ivr/call.ts";
import { parseMailbox, sameMailbox } from "../model/mailbox.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";

/** So often a caller may enter a mailbox that does not exist. */
const TRIES = 3;

/**
 * Whom a message is for: `1001@default&1002`. Empty when there is no such first mailbox; others that do not exist are
 * skipped. Without any the caller is asked.
 */
export async function addressed(
  call: Call,
  argument: string,
  subscribers: Subscribers,
): Promise<readonly Subscriber[]> {
  const names = argument.split("&").filter((name) => name !== "");
  if (names.length === 0) return ask(call, subscribers);
  const found = names.map((name) => find(call, name, subscribers));
  if (!found[0]) return [];
  const known = found.filter((subscriber) => subscriber !== undefined);
  return known.filter(
    (one, index) => known.findIndex((other) => sameMailbox(other.address, one.address)) === index,
  );
}

async function ask(call: Call, subscribers: Subscribers): Promise<readonly Subscriber[]> {
  await call.answer();
  let say = ["vm-whichbox"];
  for (let round = 0; round < TRIES; round++) {
    const first = await call.play(say);
    const { keys } = await call.entry(first === undefined ? {} : { first });
    if (keys === "") return [];
    const owner = find(call, keys, subscribers);
    if (owner) return [owner];
    say = ["pbx-invalid", "vm-whichbox"];
  }
  return [];
}

function find(call: Call, name: string, subscribers: Subscribers): Subscriber | undefined {
  const found = locate(name, subscribers);
  if (!found) call.log.warn({ mailbox: name }, "A message is left for a mailbox that does not exist");
  return found;
}

/** The mailbox that `1001@sales` or `1001` means; without a context it is in the default one or, where the site says so, in any. */
export function locate(name: string, subscribers: Subscribers): Subscriber | undefined {
  try {
    const found = subscribers.find(parseMailbox(name));
    if (found || name.includes("@") || !subscribers.searchesContexts) return found;
    return [...subscribers.all()].find(({ address }) => address.mailbox === name);
  } catch (error) {
    if (isCode(error, "ADDRESS_INVALID")) return undefined;
    throw error;
  }
}
