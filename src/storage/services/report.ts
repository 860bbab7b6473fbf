import { isCode, VoxpostError } from "../../errors.ts";
import { formatMailbox, type MailboxAddress } from "../../model/mailbox.ts";
import type { Entry } from "../engine.ts";

/** What a service tells while it works; whoever started it decides what is shown. */
export interface Report {
  /** Called for every message. */
  progress(progress: Progress): void;
  /** Something that a person should know. Faults make the command fail in the end, notes do not. */
  finding(finding: Finding): void;
}

export interface Progress {
  /** Such as `copying` or `pass 2`. */
  readonly phase: string;
  readonly mailbox: MailboxAddress;
  /** Messages so far. */
  readonly done: number;
  /** Of how many, when it is known. */
  readonly total?: number;
}

export interface Finding {
  readonly kind: "note" | "fault";
  /** A mailbox, and a folder and message in it when there is one. */
  readonly where: string;
  readonly what: string;
}

export function placeOf({ ref, envelope }: Entry): string {
  return `${formatMailbox(ref.mailbox)} ${ref.folder} ${envelope.id}`;
}

/** Throws on what is no fault of one message or mailbox, but makes going on senseless. */
export function throwIfEnding(error: unknown, signal: AbortSignal | undefined): void {
  if (signal?.aborted || isCode(error, "ABORTED", "STORE_FULL", "STORE_UNREACHABLE")) throw error;
}

export function wordsOf(error: unknown): string {
  const fault = VoxpostError.from(error, "INTERNAL", "it failed");
  return `${fault.message} [${fault.code}]`;
}

/** What is found again and again is told once. */
export function onceEach(report: Report): Report {
  const told = new Set<string>();
  return {
    progress: (progress) => report.progress(progress),
    finding(finding) {
      const key = `${finding.where}\n${finding.what}`;
      if (told.has(key)) return;
      told.add(key);
      report.finding(finding);
    },
  };
}
