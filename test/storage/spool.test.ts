import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "../../src/storage/registry.ts";
import { testEngine } from "./contract.ts";
import { recordingLog } from "./samples.ts";
import { SpoolWriter } from "./spool-writer.ts";

const ONE_LINE = "app_voicemail's text has one line for it, and no NUL";
const NOT_OURS = "app_voicemail stores here, not this engine";

/** docs/engines/spool.md, Limitations. */
const skip = {
  "a message comes back with everything that was said of it":
    "app_voicemail knows no private messages, and one flag for urgent and priority",
  "a caller's name is kept as it is: line breaks and a header": ONE_LINE,
  "a caller's name is kept as it is: a NUL and other control characters": ONE_LINE,
  "a caller's name is kept as it is: a lone line feed": ONE_LINE,
  "a caller's number is text too": ONE_LINE,
  "a hostile category and call id are kept as they are": ONE_LINE,
  "does nothing under a signal that has fired": "it has to store, and spool-files.test.ts tries the rest",
  "an append that is cancelled half way leaves nothing in sight": NOT_OURS,
  "closing ends what is running": NOT_OURS,
  "any sequence of operations ends as a simple model does": NOT_OURS,
};

testEngine({
  name: "spool",
  sameTime: "any",
  skip,
  async fresh() {
    const root = await mkdtemp(join(tmpdir(), "voxpost-spool-"));
    const writer = new SpoolWriter(root);
    // One after the other, as app_voicemail locks the folder.
    let last = Promise.resolve();
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      put: (folder, message) => {
        last = last.catch(() => {}).then(() => writer.put(folder, message));
        return last;
      },
      async open() {
        const engine = createEngine(
          { engine: "spool", path: root },
          { folder: "/", log: recordingLog().log },
        );
        await engine.open();
        return engine;
      },
      dispose: () => rm(root, { recursive: true }),
    };
  },
});
