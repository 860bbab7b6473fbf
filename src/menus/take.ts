import { formatName, newId } from "../custody/name.ts";
import type { Call, RecordResult } from "../ivr/call.ts";
import type { Key } from "../ivr/phrase.ts";
import type { Subscriber } from "../model/subscriber.ts";
import type { DepositOptions } from "./greeting.ts";

/** A message that is being left: its name on Asterisk's disk is made before the first word is spoken. */
export interface Draft {
  readonly id: string;
  readonly recipients: readonly Subscriber[];
  readonly options: DepositOptions;
  readonly category: string | undefined;
  /** `take` while it may still be recorded again. */
  readonly state: "take" | "deposit";
  /** Of the next take; those that were recorded before have it in their names. */
  urgent: boolean;
}

export async function createDraft(
  call: Call,
  recipients: readonly Subscriber[],
  options: DepositOptions,
): Promise<Draft> {
  const category = await call.variable("VM_CATEGORY").catch(() => undefined);
  const [owner] = recipients;
  const state = owner?.review ? "take" : "deposit";
  return { id: newId(), recipients, options, category, state, urgent: options.has("U") };
}

export interface Take extends RecordResult {
  /** Wall-clock seconds that the recording took, the beep included. */
  readonly elapsed: number;
}

/** Beep and recording number `take`; a hang-up ends it like anything else. */
export async function recordTake(
  call: Call,
  draft: Draft,
  take: number,
  stopKeys: readonly Key[],
): Promise<Take> {
  const { options, recipients } = draft;
  const [owner] = recipients;
  const beep = options.has("t") ? options.get("t") : "beep";
  const custom = beep !== undefined && beep !== "" && beep !== "beep";
  // A site's own sound is no prompt of ours; it is skipped when it does not exist.
  if (custom) await call.play([{ sound: beep }], { bargeIn: "none" });
  call.clearKeys();
  const started = performance.now();
  const result = await call.record({
    name: (part) => nameOf(call, draft, take, part),
    maxSeconds: owner?.maxSeconds ?? 0,
    maxSilence: owner?.maxSilence ?? 0,
    ...(beep === "beep" ? { beep } : {}),
    stopKeys,
  });
  return { ...result, elapsed: (performance.now() - started) / 1000 };
}

/** Of a recording of the draft. */
export function nameOf(call: Call, draft: Draft, take: number, part: number): string {
  return formatName({
    state: draft.state,
    recipients: draft.recipients.map(({ address }) => address),
    id: draft.id,
    channel: call.id,
    startedAt: call.startedAt,
    caller: call.caller,
    urgent: draft.urgent,
    priority: draft.options.has("P"),
    ...(draft.category ? { category: draft.category } : {}),
    dialplanContext: call.dialplanContext,
    take,
    part,
  });
}

/**
 * Whether a take is too short to be kept. Doubt keeps it: where its length is not known, all the time that it took counts, and
 * delivery measures what there is.
 */
export function isTooShort(take: Take, minSeconds: number): boolean {
  if (take.parts.length === 0) return true;
  // Rounded as for delivery, or what the caller was thanked for would be thrown away.
  return Math.round(take.duration ?? take.elapsed) < minSeconds;
}

/** Whether somebody has said less than that, or too quietly for Asterisk's detector of silence: who is still there is asked again. */
export function isTooQuiet({ talking }: Take, minSeconds: number): boolean {
  return talking !== undefined && talking < minSeconds;
}
