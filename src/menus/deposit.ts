import { isCode } from "../errors.ts";
import type { Call, DialplanPlace } from "../ivr/call.ts";
import type { Enqueue } from "../jobs/enqueue.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";
import type { Snapshots } from "../storage/snapshot.ts";
import { addressed } from "./addressed.ts";
import { conclude, type Ending } from "./ending.ts";
import { type Exits, exitFor, exitKeys, findExits } from "./exits.ts";
import { chooseGreeting, type DepositOptions, type Greeting, readSnapshot } from "./greeting.ts";
import { DEPOSIT_OPTIONS, parseOptions } from "./options.ts";
import { createDraft, type Draft, isTooShort, recordTake, type Take } from "./take.ts";

export interface DepositDeps {
  readonly subscribers: Subscribers;
  readonly snapshots: Pick<Snapshots, "get">;
  readonly enqueue: Enqueue;
  /** Removes a recording from an Asterisk's disk: the caller has taken it back, or it is too short to be kept. */
  discard(asterisk: string, recording: string): Promise<void>;
}

/** So often a caller may speak again, or dial an extension that does not exist. */
const TRIES = 3;
const FAILED: Ending = { status: "FAILED" };

/**
 * `deposit(mailbox[@context][&…][,options])`: leave a message, as VoiceMail() does. Never rejects; it resolves when the call is
 * back in the dialplan or gone. What was said is on Asterisk's disk by then, under a name that delivers itself.
 */
export function createDeposit(deps: DepositDeps): (call: Call, args: readonly string[]) => Promise<void> {
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
  if (!options.has("e")) await call.answer();
  const snapshot = await readSnapshot(owner, deps.snapshots);
  if (!onlyGreets && snapshot.full) {
    await call.play(["vm-mailboxfull"], { bargeIn: "none" });
    return FAILED;
  }
  const exits = await findExits(call, owner, options);
  const to = await greet(call, owner, options, exits, chooseGreeting(owner, options, snapshot));
  if (to) return { status: "USEREXIT", to };
  if (onlyGreets) return { status: "SUCCESS" };
  await call.answer();
  return takeMessage(call, await createDraft(call, recipients, options), exits, owner, deps);
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

async function takeMessage(
  call: Call,
  draft: Draft,
  exits: Exits,
  owner: Subscriber,
  deps: DepositDeps,
): Promise<Ending> {
  await expectHangUp(call);
  for (let take = 0; take < TRIES; take++) {
    const recorded = await record(call, draft, take, exits);
    if (!recorded) return FAILED;
    if (recorded.parts.length === 0 && recorded.ended === "hangup") return FAILED;
    // After a hang-up nobody can be asked to speak again: delivery measures the audio itself and decides.
    const isShort = recorded.ended !== "hangup" && isTooShort(recorded, owner.minSeconds, take < TRIES - 1);
    if (!isShort) return keep(call, recorded, exits, deps);
    await discard(call, recorded, deps);
    if (recorded.key === "0" && exits.operator) return toOperator(call, exits.operator);
    await call.play(["vm-tooshort"], { bargeIn: "none" });
  }
  return FAILED;
}

/** After a hang-up no variable can be set any more, so the dialplan is told before the beep; another ending corrects it. */
async function expectHangUp(call: Call): Promise<void> {
  await call.setVariable("VMSTATUS", "SUCCESS").catch((error) => {
    if (isCode(error, "CALL_GONE")) throw error;
    call.log.warn({ err: error }, "The dialplan could not be told beforehand how the call ends");
  });
}

/** Undefined when nothing could be recorded, which the caller was told. */
async function record(call: Call, draft: Draft, take: number, exits: Exits): Promise<Take | undefined> {
  try {
    return await recordTake(call, draft, take, exits.operator ? ["0"] : []);
  } catch (error) {
    if (!isCode(error, "RECORDING_NOT_STARTED")) throw error;
    call.log.error({ err: error }, "A message could not be recorded; the caller was told");
    await call.play(["voxpost/not-recorded"], { bargeIn: "none" });
    return undefined;
  }
}

/** Whatever happens from here on, the message is enqueued once, or was taken back by the caller in so many keys. */
async function keep(call: Call, take: Take, exits: Exits, deps: DepositDeps): Promise<Ending> {
  const enqueue = () => deps.enqueue.deposit({ asterisk: call.asterisk, parts: take.parts });
  if (take.key !== "0" || !exits.operator) {
    const queued = enqueue();
    if (take.ended !== "hangup") await call.play(["auth-thankyou"]).catch(ignoreHangUp);
    await queued;
    return { status: "SUCCESS", ...fileOf(take) };
  }
  if (await isTakenBack(call)) {
    await discard(call, take, deps);
    await call.play(["vm-deleted"], { bargeIn: "none" });
    return toOperator(call, exits.operator);
  }
  await enqueue();
  await call.play(["vm-msgsaved"], { bargeIn: "none" });
  return { ...(await toOperator(call, exits.operator)), ...fileOf(take) };
}

/**
 * `0` while recording: 1 keeps the message, another key takes it back. No key and a hang-up keep it as well, unlike
 * app_voicemail, which asks callers to hold on and then deletes what they said.
 */
async function isTakenBack(call: Call): Promise<boolean> {
  try {
    const key = (await call.play(["vm-saveoper"])) ?? (await call.key(3000));
    return key !== undefined && key !== "1";
  } catch (error) {
    ignoreHangUp(error);
    return false;
  }
}

async function toOperator(call: Call, to: DialplanPlace): Promise<Ending> {
  await call.play(["transfer"], { bargeIn: "none" });
  return { status: "USEREXIT", to };
}

/** A recording that cannot be removed now is delivered by the sweep: too much rather than too little. */
async function discard(call: Call, take: Take, deps: DepositDeps): Promise<void> {
  for (const part of take.parts) {
    await deps.discard(call.asterisk, part).catch((error) => {
      call.log.warn(
        { err: error, recording: part },
        "A recording could not be removed and will be delivered",
      );
    });
  }
}

function fileOf(take: Take): Pick<Ending, "variables"> {
  const [file] = take.parts;
  return file === undefined ? {} : { variables: { VM_MESSAGEFILE: file } };
}

function ignoreHangUp(error: unknown): undefined {
  if (!isCode(error, "CALL_GONE")) throw error;
  return undefined;
}
