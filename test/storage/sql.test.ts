import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "../../src/storage/registry.ts";
import { testEngine } from "./contract.ts";
import { recordingLog } from "./samples.ts";

testEngine({
  name: "sql on SQLite",
  async fresh() {
    const folder = await mkdtemp(join(tmpdir(), "voxpost-sql-"));
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      async open() {
        const tree = { engine: "sql", url: "sqlite:voicemail.db", max_bytes: 50_000_000, poll_ms: 20 };
        const engine = createEngine(tree, { folder, log: recordingLog().log });
        await engine.open();
        return engine;
      },
      dispose: () => rm(folder, { recursive: true }),
    };
  },
});
