import { VoxpostError } from "../../../errors.ts";

/** What one pass did. */
export class Tally {
  copied = 0;
  /** Brought up to date, or in motion: there may be more. */
  changed = 0;
  failed = 0;
  /** Of the failed ones, those that may succeed when they are tried again. */
  retryable = 0;

  add(what: "same" | "copied" | "changed", count = 1): void {
    if (what !== "same") this[what] += count;
  }

  fail(error: unknown): void {
    this.failed++;
    if (VoxpostError.from(error, "INTERNAL", "").retryable) this.retryable++;
  }

  join(other: Tally): void {
    this.copied += other.copied;
    this.changed += other.changed;
    this.failed += other.failed;
    this.retryable += other.retryable;
  }
}
