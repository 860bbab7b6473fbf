import { type ErrorCode, VoxpostError } from "../../../errors.ts";
import { errnoOf } from "../../disk.ts";

/** What a system call's fault means to a caller; whatever is not here may pass, so it can be tried again. */
const FAULTS: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
  EACCES: "STORE_REFUSED",
  EPERM: "STORE_REFUSED",
  EROFS: "STORE_REFUSED",
  ENOTDIR: "STORE_REFUSED",
  ENOTEMPTY: "STORE_REFUSED",
  EEXIST: "STORE_REFUSED",
};

/** Names a system call's fault in our words; errors of ours, and those of an audio's source, stay what they are. */
export function toFault(error: unknown, path: string): unknown {
  if (error instanceof VoxpostError || !(error instanceof Error && "syscall" in error)) return error;
  const code = FAULTS[errnoOf(error) ?? ""] ?? "STORE_UNREACHABLE";
  return VoxpostError.from(error, code, `The file store at ${path} failed`, { path });
}
