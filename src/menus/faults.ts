import { type ErrorCode, VoxpostError } from "../errors.ts";
import type { Script } from "../ivr/phrase.ts";

/**
 * Stock sounds around our own: Asterisk can play ours only when it can write to its disk, and that disk may be what failed.
 */
export const NOT_RECORDED: Script = ["im-sorry", "voxpost/not-recorded", "please-try-call-later"];
export const CUT_SHORT: Script = ["im-sorry", "voxpost/cut-short"];

/** What a caller is told when something fails: never silence, never a code, and only what is of use on a telephone. */
const WORDS: Partial<Record<ErrorCode, Script>> = {
  STORE_UNREACHABLE: ["voxpost/store-away"],
  STORE_TIMEOUT: ["voxpost/store-away"],
  STORE_FULL: ["vm-mailboxfull"],
  RECORDING_NOT_STARTED: NOT_RECORDED,
  RECORDING_CUT: NOT_RECORDED,
  MESSAGE_UNKNOWN: ["voxpost/unplayable"],
  MESSAGE_MALFORMED: ["voxpost/unplayable"],
};

const OTHERWISE: Script = ["voxpost/problem"];

/** Everything that `explain` may say; the check at start looks for their sounds. */
export const FAULT_PROMPTS: readonly string[] = [
  ...new Set([...Object.values(WORDS), OTHERWISE].flat()),
].filter((phrase) => typeof phrase === "string");

/** Undefined when the caller has gone, and there is nobody to tell. */
export function explain(error: unknown): Script | undefined {
  if (!(error instanceof VoxpostError)) return OTHERWISE;
  if (error.code === "CALL_GONE") return undefined;
  return WORDS[error.code] ?? OTHERWISE;
}
