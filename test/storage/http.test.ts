import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileEngine } from "../../src/storage/engines/file/engine.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import { testEngine } from "./contract.ts";
import { openHttp, serve } from "./http-server.ts";
import { recordingLog } from "./samples.ts";

const MAILBOXES = {
  mailbox: { mailbox: "10", context: "default" },
  similar: { mailbox: "100", context: "default" },
  elsewhere: { mailbox: "10", context: "sales" },
};

testEngine({
  name: "http over memory",
  runs: 10,
  async fresh() {
    const served = await serve(new MemoryEngine(new MemoryData(), 100_000_000));
    return { ...MAILBOXES, open: () => openHttp(served.url), dispose: served.dispose };
  },
});

testEngine({
  name: "http over file",
  runs: 3,
  async fresh() {
    const root = await mkdtemp(join(tmpdir(), "voxpost-http-"));
    const served = await serve(new FileEngine({ root, log: recordingLog().log }));
    return {
      ...MAILBOXES,
      open: () => openHttp(served.url),
      async dispose() {
        await served.dispose();
        await rm(root, { recursive: true });
      },
    };
  },
});
