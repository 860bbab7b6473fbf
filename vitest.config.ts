import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real servers start inside hooks; a hanging one must fail, not stall the run.
    hookTimeout: 120_000,
    testTimeout: 30_000,
    // Real servers on a noisy machine of two cores: a second try is allowed, and told at the end.
    retry: 1,
    // Tests on real servers wait more than they work, so more of them than there are cores run at once.
    maxWorkers: 4,
    // Scenarios on the real Asterisk spend their time listening.
    maxConcurrency: 12,
  },
});
