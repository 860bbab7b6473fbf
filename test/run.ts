/**
 * `npm test` and `npm run test:all`: unpacks the servers, checks the sources, runs the tests, and closes with one line
 * `N passed, N failed, N skipped`. Options: --all (adds the long ones), and anything vitest takes, such as a path.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { findAsterisk, findServices } from "../lab/systems.ts";
import type { Summary } from "./summary.ts";

const args = process.argv.slice(2);
const all = args.includes("--all");
const rest = args.filter((arg) => arg !== "--all");
const summaryFile = join(process.cwd(), ".lab", `test-summary-${process.pid}.json`);
mkdirSync(".lab", { recursive: true });

const total: Summary = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [], flaky: [] };

await findAsterisk(console.log);
await findServices(console.log);

if (rest.length === 0) {
  console.log("\n== check: types, lint, unused code, import arrows");
  const check = await execa("tsx", ["scripts/check.ts"], {
    preferLocal: true,
    reject: false,
    stdio: "inherit",
  });
  if (check.exitCode === 0) total.passed++;
  else fail("check: see its own output above");
}

console.log(`\n== tests${all ? ", the long ones too" : ""}`);
// Whatever a test that was cut short leaves behind goes with this folder.
const scratch = mkdtempSync(join(tmpdir(), "voxpost-tests-"));
const vitest = await execa("vitest", ["run", "--reporter=default", "--reporter=./test/summary.ts", ...rest], {
  preferLocal: true,
  reject: false,
  stdio: "inherit",
  env: { TMPDIR: scratch, VOXPOST_TEST_SUMMARY: summaryFile, ...(all ? { VOXPOST_TEST_ALL: "1" } : {}) },
});
try {
  const summary = JSON.parse(readFileSync(summaryFile, "utf8")) as Summary;
  total.passed += summary.passed;
  total.failed += summary.failed;
  total.skipped += summary.skipped;
  total.failures.push(...summary.failures);
  total.skips.push(...summary.skips);
  total.flaky.push(...summary.flaky);
} catch {
  fail("vitest ended without a summary: its own output above says why");
}
rmSync(summaryFile, { force: true });
try {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
} catch (error) {
  // Something that a test left behind still writes there.
  console.log(`not removed: ${error instanceof Error ? error.message : error}`);
}
// A crash outside of any test counts in no test.
if (vitest.exitCode !== 0 && total.failed === 0) fail(`vitest ended with ${vitest.exitCode}`);

list("skipped", total.skips);
list("passed only when tried again", total.flaky);
list("failed", total.failures);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

function fail(what: string): void {
  total.failed++;
  total.failures.push(what);
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  - ${line}`).join("\n")}`);
}
