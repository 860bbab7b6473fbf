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
  movers: "both",
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

testEngine({
  name: "imap, several mailboxes in one account",
  movers: "both",
  runs: 3,
  async fresh() {
    const user = `${server.freshNumber()}-default`;
    return {
      mailbox: { mailbox: "10", context: "default" },
      similar: { mailbox: "100", context: "default" },
      elsewhere: { mailbox: "10", context: "sales" },
      pin: PIN,
      open: () => server.engine({ user, shared: true }),
      async dispose() {},
    };
  },
});
