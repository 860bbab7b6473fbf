import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Tests that speak with a real Asterisk in real time. They wait more than they work, and keys come late where something else takes
 * the processor: so they run after all the others, three files at once.
 */
const CALLS = [
  "test/{chaos,faults,scale,sipp}/**/*.test.ts",
  "test/scenarios/real.test.ts",
  "test/asterisk/compare.test.ts",
  "test/custody/dialplan.test.ts",
  "test/ivr/{call,connection,languages,mwi}.test.ts",
  "test/jobs/asterisk.test.ts",
  "test/notices/program.test.ts",
  "test/storage/peer.test.ts",
  "test/web/program.test.ts",
];

/** By far the longest file, which alone must not be what everything waits for at the end. */
const FIRST = "scenarios/real.test.ts";

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isFirst = ({ moduleId }: TestSpecification) => moduleId.endsWith(FIRST);
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))];
  }
}

export default defineConfig({
  test: {
    // Real servers start inside hooks; a hanging one must fail, not stall the run.
    hookTimeout: 120_000,
    testTimeout: 30_000,
    // Real servers on a noisy machine of two cores: a second try is allowed (a third for calls), and told at the end.
    retry: 1,
    sequence: { sequencer: LongestFirst },
    // Scenarios on the real Asterisk spend their time listening.
    maxConcurrency: 12,
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: ["test/**/*.test.ts"],
          exclude: CALLS,
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "calls", include: CALLS, maxWorkers: 3, retry: 2, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
