import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real servers start inside hooks; a hanging one must fail, not stall the run.
    hookTimeout: 120_000,
    testTimeout: 30_000,
  },
});
