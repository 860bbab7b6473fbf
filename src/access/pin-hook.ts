import { VoxpostError } from "../errors.ts";
import { type Command, runHook } from "../hook.ts";
import type { MailboxAddress } from "../model/mailbox.ts";

/** Longest that it may take, milliseconds. */
const LONGEST = 5000;

/**
 * Runs it with a PIN as the one line of its standard input, where no list of processes shows it. What it says on standard error
 * is thrown away, because it may repeat the PIN.
 * @returns its standard output @throws VoxpostError STORE_REFUSED when it fails, or does not end in time
 */
export async function runPinHook(
  command: Command,
  { mailbox, context }: MailboxAddress,
  pin: string,
  signal?: AbortSignal,
): Promise<string> {
  const { exitCode, end, stdout } = await runHook(command, {
    args: [mailbox, context],
    input: `${pin}\n`,
    timeoutMs: LONGEST,
    ...(signal ? { signal } : {}),
  });
  if (exitCode === 0) return stdout;
  const [program = ""] = command;
  throw new VoxpostError("STORE_REFUSED", `${program} ${end}; run it by hand to see why`, {
    context: { command: program, mailbox },
  });
}
