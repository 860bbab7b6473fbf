import { VoxpostError } from "../errors.ts";
import { formatMailbox } from "../model/mailbox.ts";
import type { Ref } from "./engine.ts";

/** The errors that every engine throws, in the same words. */

export function messageUnknown(ref: Ref): VoxpostError {
  const where = `${ref.folder} of ${formatMailbox(ref.mailbox)}`;
  return new VoxpostError("MESSAGE_UNKNOWN", `${where} has no message ${ref.key}; it was moved or removed`, {
    context: { mailbox: formatMailbox(ref.mailbox), folder: ref.folder, key: ref.key },
  });
}

/** Why a signal fired: the fault that it carries when that is ours (a time limit's), otherwise ABORTED. */
export function aborted(signal: AbortSignal): VoxpostError {
  if (signal.reason instanceof VoxpostError) return signal.reason;
  return new VoxpostError("ABORTED", "The operation was cancelled", { cause: signal.reason });
}

/** @throws VoxpostError ABORTED, or the signal's own reason when that is one of ours */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}
