import { afterAll, beforeAll } from "vitest";
import { testEngine } from "./contract.ts";
import { type ImapServer, PIN, startImapServer } from "./imap-server.ts";

let server: ImapServer;
beforeAll(async () => {
  server = await startImapServer();
});
afterAll(() => server?.stop());

testEngine({
  name: "imap on Dovecot",
  runs: 3,
  async fresh() {
    const number = server.freshNumber();
    return {
      mailbox: { mailbox: number, context: "default" },
      similar: { mailbox: `${number}0`, context: "default" },
      elsewhere: { mailbox: number, context: "sales" },
      pin: PIN,
      open: () => server.engine(),
      async dispose() {},
    };
  },
});
