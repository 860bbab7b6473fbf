import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { testEngine } from "./contract.ts";
import { recordingLog } from "./samples.ts";

testEngine({
  name: "file",
  async fresh() {
    const root = await mkdtemp(join(tmpdir(), "voxpost-file-"));
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      async open() {
        const engine = new FileEngine({ root, log: recordingLog().log });
        await engine.open();
        return engine;
      },
      dispose: () => rm(root, { recursive: true }),
    };
  },
});
