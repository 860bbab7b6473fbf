import { afterAll, beforeAll, describe, test } from "vitest";
import { type Lab, startLab } from "../../lab/lab.ts";
import { ImapEngine } from "../../src/storage/engines/imap/engine.ts";
import { imapOptions } from "../../src/storage/engines/imap/options.ts";
import { testEngine } from "./contract.ts";
import { recordingLog } from "./samples.ts";

/** Unpacking Cyrus takes 350 MB. */
if (process.env.VOXPOST_TEST_ALL) describe("a real Cyrus", onCyrus);
else test("imap on Cyrus", (context) => context.skip("long: npm run test:all unpacks and starts Cyrus"));

function onCyrus(): void {
  let lab: Lab;
  let used = 1000;
  beforeAll(async () => {
    lab = await startLab({ servers: ["imap"], imap: "cyrus" });
  }, 600_000);
  afterAll(() => lab?.stop());

  testEngine({
    name: "imap on Cyrus",
    runs: 3,
    movers: "both",
    skip: {
      "bytes that no header may have come back as they are":
        "Cyrus stores an X for each of them, unless its munge8bit is off",
    },
    // The lab's accounts are few, so each case has one of its own with several mailboxes in it.
    async fresh() {
      const user = String(++used);
      return {
        mailbox: { mailbox: "10", context: "default" },
        similar: { mailbox: "100", context: "default" },
        elsewhere: { mailbox: "10", context: "sales" },
        pin: lab.mailboxes.pin,
        async open() {
          const { host, port, proxy } = lab.imap ?? {};
          const tree = { engine: "imap", host, port, tls: "none", user, shared: true, proxy };
          const engine = new ImapEngine(imapOptions.parse(tree), {
            log: recordingLog().log,
            path: (file) => file,
          });
          await engine.open();
          return engine;
        },
        async dispose() {},
      };
    },
  });
}
