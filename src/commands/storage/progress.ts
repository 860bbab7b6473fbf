import { formatMailbox } from "../../model/mailbox.ts";
import type { Finding, Progress, Report } from "../../storage/services/report.ts";

/** On a terminal the line is written over; in a log one line this often is enough. Milliseconds. */
const TERMINAL_MS = 100;
const LOG_MS = 10_000;

/** Findings and progress on standard error, so that standard output holds results alone. */
export class TerminalReport implements Report {
  readonly #isTerminal = process.stderr.isTTY;
  #shownAt = Date.now();
  #open = false;
  /** Whether a fault was told. */
  sawFault = false;

  progress({ phase, mailbox, done, total }: Progress): void {
    const now = Date.now();
    if (now - this.#shownAt < (this.#isTerminal ? TERMINAL_MS : LOG_MS)) return;
    this.#shownAt = now;
    const share = total ? `${done} of ${total} (${Math.floor((100 * done) / total)} %)` : String(done);
    const line = `${phase}: ${share} messages, ${formatMailbox(mailbox)}`;
    process.stderr.write(this.#isTerminal ? `\r\x1b[K${line}` : `${line}\n`);
    this.#open = this.#isTerminal;
  }

  finding({ kind, where, what }: Finding): void {
    this.sawFault ||= kind === "fault";
    this.say(`${kind}: ${where}: ${what}`);
  }

  say(line: string): void {
    process.stderr.write(`${this.#open ? "\r\x1b[K" : ""}${line}\n`);
    this.#open = false;
  }
}
