import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
  /** Name of the test, and the whole of what went wrong. */
  failures: string[];
  /** Those of a suite together, each reason once with how often; a skip without one is itself a fault. */
  skips: string[];
  /** Passed only when they were tried again, which is told: a noisy machine, or a fault that comes and goes. */
  flaky: string[];
}

/** Writes what `test/run.ts` needs for its closing lines, because vitest's own say neither which were skipped nor why. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: ReadonlyArray<{ message: string }>): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    const failures = [
      ...inState("failed").map(withComplaint),
      ...modules
        .filter((module) => module.errors().length > 0)
        .map((module) => `${module.relativeModuleId}: ${complaint(module.errors())}`),
      ...errors.map((error) => `outside of any test: ${complaint([error])}`),
    ];
    const skipped = [...inState("skipped"), ...inState("pending")];
    const summary: Summary = {
      passed: inState("passed").length,
      failed: failures.length,
      skipped: skipped.length,
      failures,
      skips: bySuite(skipped),
      flaky: tests.filter((test) => test.diagnostic()?.flaky).map(withComplaint),
    };
    writeFileSync(process.env.VOXPOST_TEST_SUMMARY ?? "test-summary.json", JSON.stringify(summary));
  }
}

function bySuite(skipped: readonly TestCase[]): string[] {
  const suites = new Map<string, Map<string, number>>();
  for (const test of skipped) {
    const suite = test.fullName.split(" > ")[0] ?? test.fullName;
    const reasons = suites.get(suite) ?? new Map<string, number>();
    suites.set(suite, reasons);
    const result = test.result();
    const reason = (result.state === "skipped" && result.note) || `no reason given by "${test.name}"`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...suites].map(([suite, reasons]) => {
    const told = [...reasons].map(([reason, count]) => (count > 1 ? `${reason} (${count} times)` : reason));
    return `${suite}: ${told.join("; ")}`;
  });
}

function withComplaint(test: TestCase): string {
  return `${test.fullName}: ${complaint(test.result().errors)}`;
}

/** Every line of what the first try complained of: what comes and goes is seldom seen twice. Cut at 20,000 characters. */
function complaint(errors: ReadonlyArray<{ message?: string; diff?: string }> | undefined): string {
  const [first] = errors ?? [];
  if (!first) return "no error told";
  const lines = [first.message ?? "no error told", first.diff ?? ""].filter(Boolean).join("\n");
  return lines.slice(0, 20_000).replaceAll("\n", "\n      ");
}
