import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Key, Script } from "../ivr/phrase.ts";
import { type MailboxAddress, parseMailbox } from "../model/mailbox.ts";
import type { Subscribers } from "../model/subscriber.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import { conclude, type Entry } from "./ending.ts";
import { recordedName } from "./greeting.ts";

export interface SayNameDeps {
  readonly subscribers: Subscribers;
  readonly snapshots: Pick<Snapshots, "get">;
}

/**
 * `sayname(mailbox[@context])`: the owner's recorded name, or else the extension, as VMSayName() does. Does not answer. Sets
 * nothing, and never rejects; a key ends it, and may begin an extension of the dialplan.
 */
export function createSayName(deps: SayNameDeps): Entry {
  return (call, [mailbox = ""]) =>
    conclude(
      call,
      async () => {
        const key = await call.play(await nameOrNumber(parseMailbox(mailbox), deps));
        const to = key && (await dialled(call, key));
        return { status: "SUCCESS", ...(to ? { to } : {}) };
      },
      null,
    );
}

/** As with Background(), an extension may be dialled meanwhile; one that there is not leads nowhere. */
async function dialled(call: Call, first: Key): Promise<DialplanPlace | undefined> {
  const { keys } = await call.entry({ first });
  const place = { context: call.dialplanContext, extension: keys };
  return (await call.extensionExists(place.context, keys)) ? place : undefined;
}

/** How somebody who has a mailbox, or has none, is called to a listener. */
async function nameOrNumber(address: MailboxAddress, deps: SayNameDeps): Promise<Script> {
  const owner = deps.subscribers.find(address);
  const name = owner && (await recordedName(owner, deps.snapshots));
  return name ? [name] : ["vm-extension", { letters: address.mailbox }];
}
