import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
  /** Each with its reason; a skip without one is itself a fault. */
  reasons: string[];
  /** Passed only when they were tried again, which is told: a noisy machine, or a fault that comes and goes. */
  flaky: string[];
}

/** Writes what `test/run.ts` needs for its closing lines, because vitest's own say neither which were skipped nor why. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const summary: Summary = { passed: 0, failed: errors.length, skipped: 0, reasons: [], flaky: [] };
    for (const module of modules) {
      if (module.errors().length > 0) summary.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (test.diagnostic()?.flaky) summary.flaky.push(test.fullName);
        if (result.state === "passed") summary.passed++;
        else if (result.state === "failed") summary.failed++;
        else {
          summary.skipped++;
          const note = result.state === "skipped" ? result.note : undefined;
          summary.reasons.push(`${test.fullName}: ${note ?? "no reason given"}`);
        }
      }
    }
    writeFileSync(process.env.VOXPOST_TEST_SUMMARY ?? "test-summary.json", JSON.stringify(summary));
  }
}
