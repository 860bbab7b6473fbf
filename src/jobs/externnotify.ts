import { access, constants, stat } from "node:fs/promises";
import { VoxpostError } from "../errors.ts";
import { type Command, runHook } from "../hook.ts";
import { formatMailbox } from "../model/mailbox.ts";
import type { Tell } from "./tell-counts.ts";

/** Longest that it may take, milliseconds. */
const LONGEST_MS = 60_000;
/** BSD's sysexits.h: EX_TEMPFAIL. */
const CALL_AGAIN = 75;
/** Of what it says on standard error, characters. */
const LONGEST_REASON = 300;

/**
 * Runs a program with context, mailbox, new, old and urgent behind its own arguments, as app_voicemail does. Urgent messages are
 * not among the new ones. One that cannot be started, does not end, or ends with 75 is run again. Every other end but 0 is an error
 * that is logged, and no more: app_voicemail never looked at it, so existing scripts end with anything.
 */
export function externnotify(command: Command, timeoutMs = LONGEST_MS): Tell {
  const [program = ""] = command;
  return async ({ mailbox, counts }, signal) => {
    const args = [mailbox.context, mailbox.mailbox, counts.new, counts.old, counts.urgent].map(String);
    const { exitCode, end, stderr } = await runHook(command, { args, timeoutMs, signal });
    if (exitCode === 0) return;
    if (signal.aborted) throw new VoxpostError("ABORTED", `${program} ${end}: the program ends`);
    const isOver = exitCode !== undefined && exitCode !== CALL_AGAIN;
    const reason = stderr
      .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
      .trim()
      .slice(0, LONGEST_REASON);
    throw new VoxpostError(
      isOver ? "NOTIFY_REFUSED" : "NOTIFY_FAILED",
      `externnotify: ${program} ${end}${reason ? `: ${reason}` : "; run it by hand to see why"}`,
      { context: { mailbox: formatMailbox(mailbox) } },
    );
  };
}

/** For `doctor`. @throws VoxpostError DEPENDENCY_MISSING */
export async function checkProgram([program = ""]: Command): Promise<string> {
  try {
    await access(program, constants.X_OK);
  } catch (error) {
    throw VoxpostError.from(error, "DEPENDENCY_MISSING", "externnotify cannot be run by this user");
  }
  if ((await stat(program)).isFile()) return program;
  throw new VoxpostError("DEPENDENCY_MISSING", `externnotify: ${program} is no program`);
}
