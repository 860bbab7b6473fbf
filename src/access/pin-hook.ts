import { execa } from "execa";
import { VoxpostError } from "../errors.ts";
import type { MailboxAddress } from "../model/mailbox.ts";

/** A program of the site's, and its arguments; mailbox and context are added. No shell reads them. */
export type Command = readonly string[];

/** Longest that it may take, milliseconds. */
const LONGEST = 5000;

/**
 * Runs it with a PIN as the one line of its standard input, where no list of processes shows it. What it says on standard error
 * is thrown away, because it may repeat the PIN.
 * @returns its standard output @throws VoxpostError STORE_REFUSED when it fails, or does not end in time
 */
export async function runHook(
  [command = "", ...args]: Command,
  mailbox: MailboxAddress,
  pin: string,
  signal?: AbortSignal,
): Promise<string> {
  const result = await execa(command, [...args, mailbox.mailbox, mailbox.context], {
    input: `${pin}\n`,
    timeout: LONGEST,
    maxBuffer: 10_000,
    reject: false,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  if (!result.failed) return result.stdout;
  const why = result.timedOut
    ? `did not end within ${LONGEST} ms`
    : `ended with ${result.exitCode ?? result.code}`;
  throw new VoxpostError("STORE_REFUSED", `${command} ${why}; run it by hand to see why`, {
    context: { command, mailbox: mailbox.mailbox },
  });
}
