import { isCode } from "../errors.ts";
import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import { addressed } from "./addressed.ts";
import { type MenusOf, shippedMenus } from "./classes.ts";
import { conclude, type Ending, type Entry } from "./ending.ts";
import { type Exits, exitFor, exitKeys, findExits } from "./exits.ts";
import { chooseGreeting, type DepositOptions, type Greeting, readSnapshot } from "./greeting.ts";
import { Message, type MessageDeps } from "./message.ts";
import { DEPOSIT_OPTIONS, parseOptions } from "./options.ts";
import { createDraft } from "./take.ts";
import { takeMessage } from "./take-message.ts";

export interface DepositDeps extends MessageDeps {
  readonly subscribers: Subscribers;
  readonly snapshots: Pick<Snapshots, "get">;
  /** Menus as this site wants them. Default: as shipped. */
  readonly menus?: MenusOf;
}

/** So often a caller may dial an extension that does not exist. */
const TRIES = 3;
const FAILED: Ending = { status: "FAILED" };

/**
 * `deposit(mailbox[@context][&…][,options])`: leave a message, as VoiceMail() does. Never rejects; it resolves when the call is
 * back in the dialplan or gone. What was said is on Asterisk's disk by then, under a name that delivers itself.
 */
export function createDeposit(deps: DepositDeps): Entry {
  return (call, [mailboxes = "", letters = ""]) =>
    conclude(call, async () => {
      const options = parseOptions(letters, DEPOSIT_OPTIONS);
      return leaveMessage(call, await addressed(call, mailboxes, deps.subscribers), options, deps);
    });
}

/** The same for somebody who is in a call already, such as an owner who replies. The first recipient's limits count. */
export async function leaveMessage(
  call: Call,
  recipients: readonly Subscriber[],
  options: DepositOptions,
  deps: DepositDeps,
): Promise<Ending> {
  const [owner] = recipients;
  if (!owner) return FAILED;
  const onlyGreets = owner.maxMessages === 0;
  // Asked all at once, and before the greeting, so that nothing stands between it and the beep.
  const [snapshot, exits, draft] = await Promise.all([
    readSnapshot(owner, deps.snapshots),
    findExits(call, owner, options),
    createDraft(call, recipients, options),
    options.has("e") ? undefined : call.answer(),
  ]);
  if (!onlyGreets && snapshot.full) {
    await call.play(["vm-mailboxfull"], { bargeIn: "none" });
    return FAILED;
  }
  const to = await greet(call, owner, options, exits, chooseGreeting(owner, options, snapshot));
  if (to) return { status: "USEREXIT", to };
  if (onlyGreets) return { status: "SUCCESS" };
  await call.answer();
  const message = new Message(call, draft, exits, owner, deps);
  return takeMessage(message, (deps.menus ?? shippedMenus)(owner).review);
}

/** Greeting and instructions. Resolves to the exit that a key chose. */
async function greet(
  call: Call,
  owner: Subscriber,
  options: DepositOptions,
  exits: Exits,
  { script, recorded }: Greeting,
): Promise<DialplanPlace | undefined> {
  const silent = options.has("s") || (options.has("S") && recorded) || owner.maxMessages === 0;
  const intro = silent ? [] : ["vm-intro"];
  let say = [...script, ...intro];
  for (let round = 0; round < TRIES; round++) {
    const key = await call.play(say, { bargeIn: exitKeys(exits) }).catch((error) => {
      if (isCode(error, "CALL_GONE")) throw error;
      call.log.error({ err: error }, "A greeting could not be played; the message is taken all the same");
      return undefined;
    });
    if (key === undefined || key === "#") return undefined;
    const to = await exitFor(call, exits, key);
    if (to) return to;
    say = ["pbx-invalid", ...intro];
  }
  return undefined;
}
