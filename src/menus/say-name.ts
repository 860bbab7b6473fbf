import type { Script } from "../ivr/phrase.ts";
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
 * nothing, and never rejects; a key ends it.
 */
export function createSayName(deps: SayNameDeps): Entry {
  return (call, [mailbox = ""]) =>
    conclude(
      call,
      async () => {
        await call.play(await nameOrNumber(parseMailbox(mailbox), deps));
        return { status: "SUCCESS" };
      },
      null,
    );
}

/** How somebody who has a mailbox, or has none, is called to a listener. */
async function nameOrNumber(address: MailboxAddress, deps: SayNameDeps): Promise<Script> {
  const owner = deps.subscribers.find(address);
  const name = owner && (await recordedName(owner, deps.snapshots));
  return name ? [name] : ["vm-extension", { letters: address.mailbox }];
}
